using System.CommandLine;
using Xtmp.Cli.Schema.Vectors;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema vectors FILE…</c></summary>
public static class VectorsCommand
{
    public static Command Create()
    {
        Argument<string[]> files = SchemaArguments.Files();
        Option<string?> folder = SchemaArguments.Out("Folder to write to; vectors beside the first schema where not given.");
        Option<bool> check = SchemaArguments.Check();
        Command command = new("vectors", """
            Writes conformance vectors for every message and struct, as JSON for any language: valid ones with bytes and value,
            invalid ones with bytes and the status a strict reader answers with. They are made from the schema alone, without the
            generated codecs.

            Example: xtmp schema vectors schema/xtmp.yaml schema/bitchat.yaml --out schema/vectors
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

            Dictionary<string, string> made = schemas.SelectMany(s => VectorFiles.Write(s.Model)).GroupBy(f => f.Key).ToDictionary(g => g.Key, g => g.First().Value);
            return OutputFiles.Write(parsed.GetValue(folder) ?? Path.Combine(Path.GetDirectoryName(schemas[0].Path) ?? "", "vectors"), made, parsed.GetValue(check), parsed.InvocationConfiguration.Output, error);
        });
        return command;
    }
}
