using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Quickstart;

/// <summary>
/// Runs the steps in order and prints one line for each: text for a person, or with <c>--json</c> an object with the
/// fields step, ok, detail, ms. A step that fails ends the run.
/// </summary>
internal sealed class StepReporter(TextWriter output, bool json)
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private int _steps;

    /// <summary>Runs one step; its result is the detail to print.</summary>
    public async Task RunAsync(string step, Func<Task<string>> action)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var detail = await action();
            Print(step, ok: true, detail, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception error) when (error is not StepFailedException)
        {
            Print(step, ok: false, error.Message, Stopwatch.GetElapsedTime(started));
            throw new StepFailedException(step, error);
        }
    }

    /// <summary>Prints something that arrived while a step was running, such as a live update.</summary>
    public void Observe(string step, string detail, TimeSpan since) => Print(step, ok: true, detail, since);

    private void Print(string step, bool ok, string detail, TimeSpan elapsed)
    {
        if (!json)
        {
            output.WriteLine($"{++_steps,2}. {(ok ? "ok  " : "FAIL")} {step,-22} {detail}  ({elapsed.TotalMilliseconds:0.0} ms)");
            return;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("step", step);
            writer.WriteBoolean("ok", ok);
            writer.WriteString("detail", detail);
            writer.WriteNumber("ms", Math.Round(elapsed.TotalMilliseconds, 3));
            writer.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
