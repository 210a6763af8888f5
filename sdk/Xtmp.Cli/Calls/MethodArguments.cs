using System.CommandLine;
using System.Text.Json;
using Xtmp.Cli.Schema;
using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>The arguments that name a method of a schema and give its request.</summary>
internal sealed class MethodArguments
{
    private readonly Argument<string> _method;
    private readonly Argument<string> _request;
    private readonly Option<string?> _schema = new("--schema") { Description = "Schema file; the built-in messages of XTMP where not given." };

    /// <param name="request">The request where none is given.</param>
    /// <param name="method">The method where none is given; null: one has to be.</param>
    public MethodArguments(string request, string? method = null)
    {
        // Without a name of its own, the help would print every completion in its place.
        _method = new("method") { HelpName = "Handler.Method", Description = "Handler.Method of the schema; a word that is none lists them." };
        if (method is not null)
        {
            _method.DefaultValueFactory = _ => method;
        }

        _request = new("request") { Description = "The request as JSON; - reads it from standard input.", DefaultValueFactory = _ => request };
        _method.CompletionSources.Add(context => ReadSchema(context.ParseResult.GetValue(_schema), TextWriter.Null) is { } schema ? new SchemaMethods(schema).Names.Select(name => new System.CommandLine.Completions.CompletionItem(name)) : []);
    }

    public void AddTo(Command command)
    {
        command.Arguments.Add(_method);
        command.Arguments.Add(_request);
        command.Options.Add(_schema);
    }

    /// <summary>The call; null after saying what is wrong with it.</summary>
    public async Task<SchemaCall?> ReadAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
    {
        if (ReadSchema(parsed.GetValue(_schema), parsed.InvocationConfiguration.Error) is not { } schema)
        {
            return null;
        }

        SchemaMethods methods = new(schema);
        string name = parsed.GetValue(_method)!;
        if (!methods.Names.Contains(name))
        {
            terminal.Error($"'{name}' is no method of '{schema.Protocol}'. There are: {string.Join(", ", methods.Names)}.");
            return null;
        }

        string text = parsed.GetValue(_request)!;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : text);
            return methods.Prepare(name, document.RootElement);
        }
        catch (JsonException e)
        {
            terminal.Error($"The request is no JSON: {e.Message}");
        }
        catch (FormatException e)
        {
            terminal.Error($"{e.Message}");
        }

        return null;
    }

    private static SchemaModel? ReadSchema(string? path, TextWriter error) =>
        path is null ? BuiltInSchema.Read() : SchemaFile.ReadAll([path], error, out _)?[0].Model;
}
