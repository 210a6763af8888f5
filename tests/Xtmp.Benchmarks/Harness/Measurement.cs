namespace Xtmp.Benchmarks;

/// <summary>A contender's rounds, summed up.</summary>
/// <param name="Seconds">Median over the rounds of the time of one operation.</param>
/// <param name="Spread">(slowest − fastest) / median.</param>
/// <param name="Allocated">Bytes allocated on the measuring thread by one operation, the least of the rounds.</param>
internal sealed record Measurement(double Seconds, double Spread, double Allocated)
{
    public double Microseconds => Seconds * 1e6;

    public double PerSecond => 1 / Seconds;

    /// <summary>A remark when rounds differed by more than 20 %.</summary>
    public string? SpreadNote => Spread > 0.2 ? $"spread {Spread:P0}" : null;
}
