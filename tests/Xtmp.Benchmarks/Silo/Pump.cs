using System.Diagnostics;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>Callers that make one call after the other for a time: how many calls a second, and how long 99 of 100 took.</summary>
internal static class Pump
{
    /// <param name="callers">At one time.</param>
    /// <param name="time">For how long.</param>
    /// <param name="call">One call of a caller; false where it has none left.</param>
    public static async Task<(double PerSecond, TimeSpan P99)> RunAsync(int callers, TimeSpan time, Func<int, ValueTask<bool>> call)
    {
        var all = new LatencyHistogram();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = new LatencyHistogram();
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                var began = Stopwatch.GetTimestamp();
                if (!await call(caller))
                {
                    break;
                }

                own.Record(Stopwatch.GetElapsedTime(began));
            }

            lock (all)
            {
                all.Add(own);
            }
        })));
        return (all.Count / Stopwatch.GetElapsedTime(start).TotalSeconds, all.Quantile(0.99));
    }
}
