using System.Diagnostics;

namespace Xtmp.Fuzz;

/// <summary>Seeds and mutations of them through one target.</summary>
internal static class FuzzRun
{
    /// <exception cref="Find">With the target, the run, the input's number and its bytes.</exception>
    public static void Run(FuzzTarget target, ulong run, long count, Action<long>? progress = null)
    {
        foreach (var seed in target.Seeds)
        {
            Try(target, seed, "a seed");
        }

        var mutator = new Mutator(target.Seeds, run);
        var started = Stopwatch.GetTimestamp();
        for (long number = 0; number < count; number++)
        {
            var input = mutator.Make(number);
            try
            {
                target.Body(input);
            }
            catch (Exception error)
            {
                throw Failed(target, input, $"run {run}, input {number}", error);
            }

            if (progress is not null && (number & 0xFFFFF) == 0 && Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(30))
            {
                progress(number);
                started = Stopwatch.GetTimestamp();
            }
        }
    }

    private static void Try(FuzzTarget target, byte[] input, string which)
    {
        try
        {
            target.Body(input);
        }
        catch (Exception error)
        {
            throw Failed(target, input, which, error);
        }
    }

    private static Find Failed(FuzzTarget target, ReadOnlySpan<byte> input, string which, Exception error) =>
        new($"{target.Name}, {which}: {error.GetType().Name}: {error.Message}\n{Convert.ToHexStringLower(input)}", error);
}
