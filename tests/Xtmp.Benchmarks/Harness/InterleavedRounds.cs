using System.Diagnostics;

namespace Xtmp.Benchmarks;

/// <summary>
/// Measures contenders in turns, A B A B …, so that a neighbour's load hits all alike; the median of the rounds counts.
/// </summary>
internal static class InterleavedRounds
{
    /// <summary>Rounds after warm-up.</summary>
    public const int Rounds = 7;

    private const int WarmUpCalls = 64;

    // Tier-1 code arrives in the background: after 30 calls and 100 ms of quiet, then once more for instrumented code.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromMilliseconds(400);

    /// <param name="budget">Time for each contender over all rounds.</param>
    /// <param name="minimum">Least operations in one round, where a mean over so many is asked for.</param>
    public static Measurement[] Measure(TimeSpan budget, int minimum, params Contender[] contenders)
    {
        double slice = budget.TotalSeconds / Rounds;
        int[] counts = [.. contenders.Select(contender => Math.Max(minimum, Calibrate(contender, slice)))];
        double[,] seconds = new double[contenders.Length, Rounds];
        double[] allocated = [.. contenders.Select(_ => double.MaxValue)];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < contenders.Length; i++)
            {
                long bytes = GC.GetAllocatedBytesForCurrentThread();
                long start = Stopwatch.GetTimestamp();
                contenders[i].Run(counts[i]);
                seconds[i, round] = Stopwatch.GetElapsedTime(start).TotalSeconds / counts[i];
                allocated[i] = Math.Min(allocated[i], (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / counts[i]);
            }
        }

        return [.. contenders.Select((_, i) => Sum([.. Enumerable.Range(0, Rounds).Select(round => seconds[i, round])], allocated[i]))];
    }

    /// <summary>One contender alone.</summary>
    public static Measurement Measure(TimeSpan budget, Action operation, int minimum = 1) =>
        Measure(budget, minimum, Contender.Of("", operation))[0];

    private static int Calibrate(Contender contender, double slice)
    {
        contender.Run(WarmUpCalls);
        long start = Stopwatch.GetTimestamp();
        int count = 1;
        double last;
        do
        {
            long began = Stopwatch.GetTimestamp();
            contender.Run(count);
            last = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (last < slice / 8)
            {
                count *= 2;
            }
        }
        while (Stopwatch.GetElapsedTime(start) < s_warmUp || last < slice / 8);

        return Math.Max(1, (int)(count * slice / last));
    }

    private static Measurement Sum(double[] seconds, double allocated)
    {
        Array.Sort(seconds);
        double median = seconds[seconds.Length / 2];
        return new Measurement(median, (seconds[^1] - seconds[0]) / median, allocated);
    }
}
