using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Xtmp.Cli.Calls;
using Xtmp.Cli.Schema;

namespace Xtmp.Cli;

/// <summary>
/// What a verb prints, and the one place where text of somebody else is made harmless: in a line everything that is put in
/// is escaped (<see cref="PlainText"/>), in JSON the serializer does it.
/// </summary>
internal sealed class Terminal(ParseResult parsed, bool isJson)
{
    private const int WidthWithoutTerminal = 100;

    private readonly TextWriter _output = parsed.InvocationConfiguration.Output;
    private readonly TextWriter _error = parsed.InvocationConfiguration.Error;

    /// <summary>Objects, one a line, in place of lines for people.</summary>
    public bool IsJson => isJson;

    /// <summary>Standard output is a terminal that a person looks at.</summary>
    public bool IsInteractive => !isJson && ReferenceEquals(_output, Console.Out) && !Console.IsOutputRedirected;

    /// <summary>Where progress of long work is shown: standard error, where that is a terminal.</summary>
    public bool ShowsProgress => !isJson && ReferenceEquals(_error, Console.Error) && !Console.IsErrorRedirected;

    public void Line(FormattableString text) => _output.WriteLine(Escaped(text));

    public void Json(JsonNode value) => _output.WriteLine(value.ToJsonString());

    /// <summary>Says what went wrong, on standard error.</summary>
    public void Error(FormattableString text) => _error.WriteLine(isJson ? new JsonObject { ["error"] = Escaped(text) }.ToJsonString() : Escaped(text));

    /// <summary>Says why a call failed, and gives the exit code.</summary>
    public int Fail(XtmpException error)
    {
        var declared = error as DeclaredErrorException;
        if (isJson)
        {
            JsonObject json = new()
            {
                ["error"] = error.Message,
                ["code"] = error.Code.ToString(),
                ["number"] = (int)error.Code,
                ["fault"] = error.Fault.ToString().ToLowerInvariant(),
                ["field"] = error.Field,
                ["retryable"] = error.Retryable,
            };
            if (declared is not null)
            {
                json["detail"] = new JsonObject { [declared.Name] = declared.Detail };
            }

            _error.WriteLine(json.ToJsonString());
        }
        else
        {
            Error($"{declared?.Name ?? error.Code.ToString()} ({(int)error.Code}), {error.Fault.ToString().ToLowerInvariant()} fault{(error.Field is null ? "" : $", field {error.Field}")}{(error.Retryable ? ", may be repeated" : "")}: {error.Message}");
            if (declared is not null)
            {
                Error($"{declared.Detail.ToJsonString()}");
            }
        }

        return ExitCodes.Failed;
    }

    /// <summary>Prints an object: as JSON, or a line for each member.</summary>
    public void Object(JsonObject value)
    {
        if (isJson)
        {
            Json(value);
            return;
        }

        var width = value.Select(member => member.Key.Length).DefaultIfEmpty().Max();
        foreach (var (name, member) in value)
        {
            Line($"{name.PadRight(width)}  {(member is JsonValue text && text.GetValueKind() == JsonValueKind.String ? text.GetValue<string>() : member?.ToJsonString() ?? "-")}");
        }
    }

    /// <summary>Draws a table or a chart: in colours on a terminal, without them elsewhere.</summary>
    public void Draw(Spectre.Console.Rendering.IRenderable picture)
    {
        var isPlain = !IsInteractive || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isPlain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(_output),
        });
        if (!IsInteractive)
        {
            console.Profile.Width = WidthWithoutTerminal;
            console.Profile.Capabilities.Unicode = true;
        }

        console.Write(picture);
    }

    /// <summary>Runs long work with a bar on standard error that follows it from 0 to 1; without a terminal it just runs.</summary>
    public async Task WithProgressAsync(string title, Func<Action<double>, Task> work)
    {
        if (!ShowsProgress)
        {
            await work(static _ => { });
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_error) });
        await console.Progress().AutoClear(true).StartAsync(async progress =>
        {
            var task = progress.AddTask(Markup.Escape(title), maxValue: 1);
            await work(share => task.Value = share);
        });
    }

    private static string Escaped(FormattableString text) => text.ToString(EscapingProvider.Instance);

    private sealed class EscapingProvider : IFormatProvider, ICustomFormatter
    {
        public static EscapingProvider Instance { get; } = new();

        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : CultureInfo.InvariantCulture.GetFormat(formatType!);

        public string Format(string? format, object? argument, IFormatProvider? provider) =>
            PlainText.Of(argument is IFormattable value ? value.ToString(format, CultureInfo.InvariantCulture) : argument?.ToString() ?? "");
    }
}
