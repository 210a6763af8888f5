using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;
using Xtmp.Transport;

namespace Xtmp.Cli;

/// <summary>A latency histogram for people and for programs.</summary>
internal static class LatencyPicture
{
    private static readonly double[] Shares = [0.5, 0.9, 0.99, 0.999];

    /// <summary>Quantiles in milliseconds.</summary>
    public static JsonObject Figures(LatencyHistogram latency)
    {
        JsonObject figures = new() { ["count"] = latency.Count, ["mean_ms"] = Milliseconds(latency.Mean) };
        if (latency.Count > 0)
        {
            figures["min_ms"] = Milliseconds(latency.Min);
        }

        foreach (var share in Shares)
        {
            figures[string.Create(CultureInfo.InvariantCulture, $"p{share * 100:0.#}_ms")] = Milliseconds(latency.Quantile(share));
        }

        figures["max_ms"] = Milliseconds(latency.Max);
        return figures;
    }

    /// <summary>A bar for each doubling of the duration.</summary>
    public static BarChart Chart(LatencyHistogram latency)
    {
        var chart = new BarChart().Width(80);
        foreach (var doubling in latency.Buckets.GroupBy(bucket => Math.ILogB(Math.Max(bucket.Below.Ticks - 1, 1))).OrderBy(group => group.Key))
        {
            var below = TimeSpan.FromTicks(1L << (doubling.Key + 1));
            chart.AddItem(string.Create(CultureInfo.InvariantCulture, $"< {below.TotalMilliseconds:0.###} ms"), doubling.Sum(bucket => bucket.Count), Color.Aqua);
        }

        return chart;
    }

    private static double Milliseconds(TimeSpan duration) => Math.Round(duration.TotalMilliseconds, 4);
}
