using System.Diagnostics;

namespace Xtmp.Benchmarks;

/// <summary>Callers that each make one call after the other, side by side, in rounds that alternate between contenders.</summary>
internal static class Callers
{
    private const int Rounds = 5;

    /// <param name="budget">Time of each contender over all rounds.</param>
    /// <param name="callers">How many.</param>
    /// <param name="calls">What a caller does again and again; its number is the argument.</param>
    public static async Task<CallRate[]> MeasureAsync(TimeSpan budget, int callers, params Func<int, ValueTask>[] calls)
    {
        var rates = calls.Select(_ => new double[Rounds]).ToArray();
        var bytes = calls.Select(_ => double.MaxValue).ToArray();
        var processor = calls.Select(_ => double.MaxValue).ToArray();
        var slice = budget / Rounds;
        foreach (var call in calls)
        {
            await RunAsync(slice, callers, call);
        }

        for (var round = 0; round < Rounds; round++)
        {
            for (var contender = 0; contender < calls.Length; contender++)
            {
                var used = Environment.CpuUsage.TotalTime;
                var allocated = GC.GetTotalAllocatedBytes(precise: true);
                var (done, elapsed) = await RunAsync(slice, callers, calls[contender]);
                rates[contender][round] = done / elapsed.TotalSeconds;
                bytes[contender] = Math.Min(bytes[contender], (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / done);
                processor[contender] = Math.Min(processor[contender], (Environment.CpuUsage.TotalTime - used).TotalMicroseconds / done);
            }
        }

        return [.. calls.Select((_, contender) => new CallRate(Median(rates[contender]), bytes[contender], processor[contender], rates[contender]))];
    }

    private static double Median(double[] rates) => rates.Order().ElementAt(Rounds / 2);

    private static async Task<(long Done, TimeSpan Elapsed)> RunAsync(TimeSpan slice, int callers, Func<int, ValueTask> call)
    {
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            // The clock is looked at now and then, so that it is not what is measured.
            var done = 0L;
            while (Stopwatch.GetElapsedTime(start) < slice)
            {
                for (var i = 0; i < 16; i++)
                {
                    await call(caller);
                }

                done += 16;
            }

            return done;
        })));
        return (counts.Sum(), Stopwatch.GetElapsedTime(start));
    }
}

/// <summary>What some callers reached.</summary>
/// <param name="PerSecond">Median of the rounds.</param>
/// <param name="Allocated">Bytes a call, the least of the rounds.</param>
/// <param name="ProcessorMicroseconds">Processor time a call, of both cores, the least of the rounds: what a busy machine blurs less.</param>
/// <param name="Rounds">Each round's rate.</param>
internal sealed record CallRate(double PerSecond, double Allocated, double ProcessorMicroseconds, double[] Rounds)
{
    public string Note => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ProcessorMicroseconds:F2} µs of processor a call; rounds {string.Join(", ", Rounds.Select(rate => rate.ToString("F0", System.Globalization.CultureInfo.InvariantCulture)))}");
}
