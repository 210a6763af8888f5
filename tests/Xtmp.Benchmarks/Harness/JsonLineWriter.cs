using System.Text.Encodings.Web;
using System.Text.Json;

namespace Xtmp.Benchmarks;

/// <summary>One JSON object a line, fields as BENCHMARKS lays down.</summary>
internal sealed class JsonLineWriter(TextWriter output) : IBenchWriter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(BenchResult result)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, s_options))
        {
            json.WriteStartObject();
            json.WriteString("bench", result.Bench);
            Number(json, "ours", result.Ours);
            json.WriteString("unit", result.Unit);
            json.WriteString("better", result.HigherIsBetter ? "higher" : "lower");
            json.WriteString("peer", result.Peer);
            Number(json, "peer_value", result.PeerValue);
            Number(json, "ratio", result.Ratio);
            Number(json, "bar", result.Bar);
            if (result.Met is bool met)
            {
                json.WriteBoolean("met", met);
            }
            else
            {
                json.WriteNull("met");
            }

            Number(json, "allocated", result.Allocated);
            json.WriteString("note", result.Note);
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
        output.Flush();
    }

    // Five significant digits say all a benchmark knows.
    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is double number && double.IsFinite(number))
        {
            json.WriteNumber(name, decimal.Parse(number.ToString("G5", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
