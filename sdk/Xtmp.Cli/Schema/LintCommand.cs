using System.CommandLine;
using Xtmp.Cli.Schema.Findings;
using Xtmp.Cli.Schema.Lint;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema lint FILE…</c></summary>
public static class LintCommand
{
    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Option<string[]> ignore = SchemaArguments.Ignore();
        Option<bool> json = SchemaArguments.Json();
        Option<bool> sarif = SchemaArguments.Sarif();
        Command command = new("lint", """
            Reads schemas and says what is wrong with them, or not as it should be: missing docs, missing limits, unused types, names.
            Several schemas are checked together too: one silo can serve them only if no code has two owners.
            'xtmp schema explain RULE' says more of a rule. A comment "# lint: ignore LINT02" at a line, or alone on the line
            above it, leaves the rule out there.

            Example: xtmp schema lint schema/xtmp.yaml schema/bitchat.yaml
            Example: xtmp schema lint schema --sarif > lint.sarif
            Example: cat orders.yaml | xtmp schema lint -
            """);
        command.Arguments.Add(files);
        command.Options.Add(ignore);
        command.Options.Add(json);
        command.Options.Add(sarif);
        command.SetAction(parsed =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (RuleFilter.Parse(parsed.GetValue(ignore) ?? [], error) is not { } filter)
            {
                return ExitCodes.Usage;
            }

            List<Finding> findings = [];
            if (SchemaFile.ReadAll(parsed.GetValue(files)!, error, findings, out int exitCode) is { } schemas)
            {
                findings.AddRange(schemas.SelectMany(Lint).Concat(SharedSilo.Clashes(schemas)).Where(filter.Passes));
            }

            FindingWriter.Write(findings, SchemaArguments.Format(parsed.GetValue(json), parsed.GetValue(sarif)), parsed.InvocationConfiguration.Output, error);
            return exitCode != ExitCodes.Ok ? exitCode : findings.Count > 0 ? ExitCodes.Findings : ExitCodes.Ok;
        });
        return command;
    }

    private static IEnumerable<Finding> Lint(SchemaFile schema)
    {
        LintComments comments = LintComments.Of(schema.Text);
        foreach (LintFinding finding in Linter.Lint(schema.Model))
        {
            SourcePosition place = schema.Result.Positions.TryGetValue(finding.Path, out SourcePosition position) ? position : new(schema.Path, 0, 0, 0, 0);
            if (!comments.Ignore(finding.Rule, place.Line))
            {
                yield return new(finding.Rule, FindingLevel.Warning, place, finding.Path, finding.Message, $"{finding.Rule}: {finding.Message}");
            }
        }
    }
}
