using System.CommandLine;
using Xtmp.Cli.Schema.Reference;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema docs FILE…</c></summary>
public static class DocsCommand
{
    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Option<string?> folder = SchemaArguments.Out("Folder to write to; reference beside the first schema where not given.");
        Option<bool> check = SchemaArguments.Check();
        Command command = new("docs", """
            Writes reference pages with byte layout tables: one a message family, one for the types that several families share.

            Example: xtmp schema docs schema/xtmp.yaml schema/bitchat.yaml --out schema/reference
            """);
        command.Arguments.Add(files);
        command.Options.Add(folder);
        command.Options.Add(check);
        command.SetAction(parsed =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (SchemaFile.ReadAll(parsed.GetValue(files)!, error, out int exitCode) is not { } schemas)
            {
                return exitCode;
            }

            Dictionary<string, string> pages = [];
            foreach ((string name, string page) in schemas.SelectMany(s => ReferenceWriter.Write(s.Model)))
            {
                if (!pages.TryAdd(name, page))
                {
                    error.WriteLine($"Two schemas have a page '{name}'; write them to different folders.");
                    return ExitCodes.Usage;
                }
            }

            return OutputFiles.Write(parsed.GetValue(folder) ?? Path.Combine(Path.GetDirectoryName(schemas[0].Path) ?? "", "reference"), pages, parsed.GetValue(check), parsed.InvocationConfiguration.Output, error);
        });
        return command;
    }
}
