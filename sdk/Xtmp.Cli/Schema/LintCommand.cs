using System.CommandLine;
using Xtmp.Cli.Schema.Lint;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema lint FILE…</c></summary>
public static class LintCommand
{
    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Command command = new("lint", """
            Reads schemas and says what is wrong with them, or not as it should be: missing docs, missing limits, unused types, names.

            Example: xtmp schema lint schema/xtmp.yaml schema/bitchat.yaml
            """);
        command.Arguments.Add(files);
        command.SetAction(parsed =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (SchemaFile.ReadAll(parsed.GetValue(files)!, error, out int exitCode) is not { } schemas)
            {
                return exitCode;
            }

            int findings = 0;
            foreach (SchemaFile schema in schemas)
            {
                foreach (LintFinding finding in Linter.Lint(schema.Model))
                {
                    string place = schema.Result.Positions.TryGetValue(finding.Path, out var position) ? position.ToString() : schema.Path;
                    parsed.InvocationConfiguration.Output.WriteLine($"{place}: {finding.Rule}: {finding.Message}");
                    findings++;
                }
            }

            return findings > 0 || schemas.Any(s => s.Result.Diagnostics.Count > 0) ? ExitCodes.Findings : ExitCodes.Ok;
        });
        return command;
    }
}
