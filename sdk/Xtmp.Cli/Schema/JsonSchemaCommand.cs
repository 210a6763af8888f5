using System.CommandLine;
using Xtmp.Cli.Schema.JsonSchema;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema json-schema</c></summary>
public static class JsonSchemaCommand
{
    public static Command Create()
    {
        Option<string?> file = SchemaArguments.Out("File to write, '-' for standard output; schema.json where not given, in the folder schema where there is one.");
        Option<bool> check = SchemaArguments.Check();
        Command command = new("json-schema", """
            Writes the JSON schema of the schema language, with which editors complete and check YAML files.

            Example: xtmp schema json-schema --out schema/schema.json
            In an editor: # yaml-language-server: $schema=./schema.json
            """);
        command.Options.Add(file);
        command.Options.Add(check);
        command.SetAction(parsed =>
        {
            string text = JsonSchemaWriter.Write();
            string path = parsed.GetValue(file) ?? (Directory.Exists("schema") ? "schema/schema.json" : "schema.json");
            if (path == "-")
            {
                parsed.InvocationConfiguration.Output.Write(text);
                return ExitCodes.Ok;
            }

            return OutputFiles.Write("", new Dictionary<string, string> { [path] = text }, parsed.GetValue(check), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
        return command;
    }
}
