using System.Diagnostics;
using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// A leak test in the manner of dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?"): the time of an
/// operation on one fixed input against its time on many different ones, in random order, compared by Welch's t-test.
/// It can show a difference and never the absence of one.
/// </summary>
internal sealed class TimingTest
{
    /// <summary>From this |t| on, dudect speaks of a definite difference.</summary>
    public const double Definite = 10;

    /// <summary>From this |t| on, of a probable one.</summary>
    public const double Probable = 4.5;

    private const int Inputs = 256;
    private const int WarmUp = 3000;

    // Interrupts make a long tail; measurements above this share of all are left out, in both classes alike.
    private const double KeptShare = 0.9;

    private readonly Action<int> _prepare;
    private readonly Action _operation;

    /// <param name="prepare">
    /// Puts input i where the operation finds it: 0 is the fixed one, 1 to 255 are the others. Not timed; without this
    /// step the fixed input would be the one that stays in the cache, and that would be all the test saw.
    /// </param>
    /// <param name="operation">What is timed.</param>
    public TimingTest(string name, Action<int> prepare, Action operation)
    {
        Name = name;
        _prepare = prepare;
        _operation = operation;
    }

    public string Name { get; }

    /// <summary>Welch's t over so many measurements; the order of classes comes from the seed.</summary>
    public double Run(int measurements, ulong seed)
    {
        byte[] order = new byte[measurements];
        new Random((int)seed).NextBytes(order);
        for (int i = 0; i < WarmUp; i++)
        {
            _prepare(i % Inputs);
            _operation();
        }

        long[] ticks = new long[measurements];
        for (int i = 0; i < measurements; i++)
        {
            // Odd bytes choose the fixed input, even ones another: the input's number is ready before the clock starts.
            int input = (order[i] & 1) == 1 ? 0 : 1 + (order[i] % (Inputs - 1));
            _prepare(input);
            long start = Stopwatch.GetTimestamp();
            _operation();
            ticks[i] = Stopwatch.GetTimestamp() - start;
        }

        long[] sorted = (long[])ticks.Clone();
        Array.Sort(sorted);
        long limit = sorted[(int)(KeptShare * (sorted.Length - 1))];
        RunningVariance fixedInput = default;
        RunningVariance others = default;
        for (int i = 0; i < measurements; i++)
        {
            if (ticks[i] > limit)
            {
                continue;
            }

            if ((order[i] & 1) == 1)
            {
                fixedInput.Add(ticks[i]);
            }
            else
            {
                others.Add(ticks[i]);
            }
        }

        return RunningVariance.Welch(fixedInput, others);
    }
}
