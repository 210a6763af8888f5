namespace BitChat.Peer;

/// <summary>
/// Whether dice are fair. Continuously an e-process, whose alternative is the frequencies seen so far; at checkpoints fixed in
/// advance a chi-square test besides, the error split evenly over checkpoints and seats.
/// </summary>
/// <param name="seats">Seats whose dice are looked at, over which the error is split.</param>
public sealed class DiceStatistics(int seats)
{
    /// <summary>Probability of flagging fair dice, over all looks.</summary>
    public const double Error = 0.001;

    private const int Faces = 6;

    private readonly ulong[] _counts = new ulong[Faces];
    private readonly EProcess _process = new();

    /// <summary>Numbers of dice at which chi-square is computed.</summary>
    public static IReadOnlyList<ulong> Checkpoints { get; } = [200, 600, 2_000, 6_000, 20_000];

    public ulong Samples => _process.Samples;

    /// <summary>Anytime-valid bound on the probability of such dice, were they fair.</summary>
    public double PValue => _process.PValue;

    public double Statistic => _process.Value;

    /// <summary>The smallest probability that chi-square found at a checkpoint, times checkpoints and seats; 1 before the first.</summary>
    public double CheckpointPValue { get; private set; } = 1;

    public bool IsSuspicious => PValue < Error || CheckpointPValue < Error;

    /// <summary>Takes a die, 1 to 6.</summary>
    public void Add(int face)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(face, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(face, Faces);
        _process.Add((_counts[face - 1] + 0.5) / (_process.Samples + (0.5 * Faces)), 1.0 / Faces);
        _counts[face - 1]++;
        if (Checkpoints.Contains(Samples))
        {
            CheckpointPValue = Math.Min(CheckpointPValue, ChiSquare(_counts) * Checkpoints.Count * seats);
        }
    }

    /// <summary>Probability of frequencies at least as far from even, by the chi-square distribution with one degree less than there are counts.</summary>
    public static double ChiSquare(IReadOnlyList<ulong> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var total = counts.Aggregate(0UL, (sum, count) => sum + count);
        if (total == 0 || counts.Count < 2)
        {
            return 1;
        }

        var expected = (double)total / counts.Count;
        var statistic = counts.Sum(count => (count - expected) * (count - expected) / expected);
        return UpperGamma((counts.Count - 1) / 2.0, statistic / 2);
    }

    /// <summary>The regularised upper incomplete gamma function Q(a, x): series below a + 1, continued fraction above (Lentz).</summary>
    private static double UpperGamma(double a, double x)
    {
        if (x <= 0)
        {
            return 1;
        }

        var scale = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        if (x < a + 1)
        {
            var (term, sum) = (1 / a, 1 / a);
            for (var n = 1; n < 500 && term > sum * 1e-15; n++)
            {
                term *= x / (a + n);
                sum += term;
            }

            return 1 - (scale * sum);
        }

        var b = x + 1 - a;
        var c = 1e300;
        var d = 1 / b;
        var h = d;
        for (var i = 1; i < 500; i++)
        {
            var factor = -i * (i - a);
            b += 2;
            d = 1 / ((factor * d) + b);
            c = b + (factor / c);
            h *= d * c;
            if (Math.Abs((d * c) - 1) < 1e-15)
            {
                break;
            }
        }

        return scale * h;
    }

    /// <summary>The logarithm of the gamma function, by Stirling's series after shifting upwards.</summary>
    private static double LogGamma(double value)
    {
        var shift = 0.0;
        for (; value < 10; value++)
        {
            shift -= Math.Log(value);
        }

        var square = value * value;
        return shift + ((value - 0.5) * Math.Log(value)) - value + (0.5 * Math.Log(2 * Math.PI)) + (1 / (12 * value)) - (1 / (360 * value * square)) + (1 / (1_260 * value * square * square));
    }
}
