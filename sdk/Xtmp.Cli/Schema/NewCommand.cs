using System.CommandLine;

namespace Xtmp.Cli.Schema;

/// <summary><c>xtmp schema new NAME</c></summary>
public static class NewCommand
{
    public static Command Create()
    {
        Argument<string> name = new("name") { Description = "Name of the protocol: lower-case words joined by '_', for example orders." };
        Option<string?> clrNamespace = new("--namespace") { Description = "C# namespace of what is generated; made from the name where not given." };
        Option<string?> file = new("--out") { Description = "File to write; NAME.yaml where not given, '-' for standard output." };
        Command command = new("new", """
            Writes a starter schema: an enum, a struct, a request with its reply, and a handler.

            Example: xtmp schema new orders --namespace Shop.Orders
            """);
        command.Arguments.Add(name);
        command.Options.Add(clrNamespace);
        command.Options.Add(file);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            TextWriter error = parsed.InvocationConfiguration.Error;
            string protocol = parsed.GetValue(name)!;
            string text = StarterSchema.Write(protocol, parsed.GetValue(clrNamespace));
            var result = Xtmp.Schema.SchemaReader.Read(protocol + ".yaml", text, _ => null);
            if (result.Model is null)
            {
                // The starter itself holds, so that only the two names can be wrong.
                error.WriteLine(result.Diagnostics[0].Text);
                return ExitCodes.Usage;
            }

            string path = parsed.GetValue(file) ?? protocol + ".yaml";
            if (path == "-")
            {
                output.Write(text);
                return ExitCodes.Ok;
            }

            if (File.Exists(path))
            {
                error.WriteLine($"{path}: exists already and is left alone.");
                return ExitCodes.Usage;
            }

            return OutputFiles.Write("", new Dictionary<string, string> { [path] = text }, check: false, output, error);
        });
        return command;
    }
}
