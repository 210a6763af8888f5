namespace Xtmp.Gateway.Tests;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(100)]
    [InlineData(12_345)]
    [InlineData(1_000_000)]
    [InlineData(3_600_000_000)]
    public void a_quantile_is_at_most_an_eighth_too_high(long microseconds)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromMicroseconds(microseconds));
        var quantile = LatencyHistogram.Quantile(histogram.Read(), 0.5)!.Value.TotalMicroseconds;
        Assert.InRange(quantile, microseconds, Math.Max(microseconds + 1, microseconds * 1.125));
    }

    [Fact]
    public void quantiles_follow_the_counts()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1000; i++)
        {
            histogram.Record(TimeSpan.FromMilliseconds(i));
        }

        var counts = histogram.Read();
        Assert.InRange(LatencyHistogram.Quantile(counts, 0.5)!.Value.TotalMilliseconds, 500, 563);
        Assert.InRange(LatencyHistogram.Quantile(counts, 0.99)!.Value.TotalMilliseconds, 990, 1114);
        Assert.Null(LatencyHistogram.Quantile(new long[counts.Length], 0.5));
    }

    [Fact]
    public void what_is_off_the_scale_is_counted_at_its_ends()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromSeconds(-1));
        histogram.Record(TimeSpan.FromDays(1000));
        Assert.Equal(2, histogram.Read().Sum());
    }
}
