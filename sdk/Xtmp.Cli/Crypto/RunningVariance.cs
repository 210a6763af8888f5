namespace Xtmp.Cli.Crypto;

/// <summary>Mean and variance of a stream by Welford's method.</summary>
internal struct RunningVariance
{
    private double _count;
    private double _mean;
    private double _squares;

    public void Add(double value)
    {
        _count++;
        double difference = value - _mean;
        _mean += difference / _count;
        _squares += difference * (value - _mean);
    }

    /// <summary>Welch's t of two samples; 0 where either is too small to have a variance.</summary>
    public static double Welch(in RunningVariance a, in RunningVariance b)
    {
        if (a._count < 2 || b._count < 2)
        {
            return 0;
        }

        double spread = (a._squares / (a._count - 1) / a._count) + (b._squares / (b._count - 1) / b._count);
        return spread == 0 ? 0 : (a._mean - b._mean) / Math.Sqrt(spread);
    }
}
