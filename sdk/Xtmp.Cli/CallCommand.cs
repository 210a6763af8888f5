using System.CommandLine;
using System.Text.Json;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Schema;
using Xtmp.Protocol;
using Xtmp.Schema;

namespace Xtmp.Cli;

/// <summary><c>xtmp call Handler.Method JSON</c></summary>
public static class CallCommand
{
    public static Command Create()
    {
        Argument<string> method = new("method") { Description = "Handler.Method of the schema; a word that is none lists them." };
        Argument<string> request = new("request") { Description = "The request as JSON; - reads it from standard input.", DefaultValueFactory = _ => "{}" };
        Option<string?> schema = new("--schema") { Description = "Schema file; the built-in messages of XTMP where not given." };
        ServerOptions server = new();
        Command command = new("call", """
            Calls a method of a silo and prints the reply as JSON, an object a line; of a stream each item until Ctrl-C.
            Bytes are hex; u64, i64 and durations (µs) may be numbers or text. Secrets in replies are redacted.

            Example: xtmp call Registry.Query '{"name":"bundles.example"}' --fingerprint 6f3a…
            Example: xtmp call Stream.Updates '{"topic":"bundle:b1","stream_type":"bundle_updates"}' --fingerprint 6f3a…
            Example: xtmp call Order.Place - --schema orders.yaml --known-hosts hosts --identity me.pem < order.json
            """.Replace(" - ", " - ", StringComparison.Ordinal));
        command.Arguments.Add(method);
        command.Arguments.Add(request);
        command.Options.Add(schema);
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (Read(parsed.GetValue(schema), error, out int exitCode) is not { } model)
            {
                return exitCode;
            }

            SchemaMethods methods = new(model);
            string name = parsed.GetValue(method)!;
            if (!methods.Names.Contains(name))
            {
                error.WriteLine($"'{PlainText.Of(name)}' is no method of '{model.Protocol}'. There are: {string.Join(", ", methods.Names)}.");
                return ExitCodes.Usage;
            }

            string text = parsed.GetValue(request)!;
            JsonElement json;
            try
            {
                using JsonDocument document = JsonDocument.Parse(text == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : text);
                json = document.RootElement.Clone();
            }
            catch (JsonException e)
            {
                error.WriteLine($"The request is no JSON: {PlainText.Of(e.Message)}");
                return ExitCodes.Usage;
            }

            return await server.UseAsync(parsed, cancellationToken, client => methods.CallAsync(
                name, json, client.Invoker, answer => output.WriteLine(answer.ToJsonString()), cancellationToken));
        });
        return command;
    }

    private static SchemaModel? Read(string? path, TextWriter error, out int exitCode)
    {
        exitCode = ExitCodes.Ok;
        if (path is not null)
        {
            return SchemaFile.ReadAll([path], error, out exitCode)?[0].Model;
        }

        using StreamReader builtIn = new(typeof(CallCommand).Assembly.GetManifestResourceStream("schema/xtmp.yaml")!);
        return SchemaReader.Read("xtmp.yaml", builtIn.ReadToEnd(), _ => null).Model;
    }
}
