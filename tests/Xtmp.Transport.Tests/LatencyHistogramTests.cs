namespace Xtmp.Transport.Tests;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void quantiles_are_right_to_an_eighth(int seed)
    {
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var ticks = new long[5_000];
        for (var index = 0; index < ticks.Length; index++)
        {
            ticks[index] = (long)Math.Exp(random.NextDouble() * 27);
            histogram.Record(TimeSpan.FromTicks(ticks[index]));
        }

        Array.Sort(ticks);
        foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = ticks[(int)Math.Ceiling(share * ticks.Length) - 1];
            Assert.InRange(histogram.Quantile(share).Ticks, exact, exact + (exact / 8));
        }

        Assert.Equal(ticks[0], histogram.Min.Ticks);
        Assert.Equal(ticks[^1], histogram.Max.Ticks);
        Assert.Equal(ticks.Length, histogram.Count);
        Assert.Equal(ticks.Length, histogram.Buckets.Sum(bucket => bucket.Count));
        Assert.Equal((long)ticks.Average(), histogram.Mean.Ticks, 1.0);
    }

    [Fact]
    public void two_add_up_to_one_and_an_empty_one_has_no_quantile()
    {
        var all = new LatencyHistogram();
        var first = new LatencyHistogram();
        var second = new LatencyHistogram();
        for (var index = 0; index < 1_000; index++)
        {
            var duration = TimeSpan.FromTicks(index * 37);
            all.Record(duration);
            (index % 3 == 0 ? first : second).Record(duration);
        }

        first.Add(second);
        Assert.Equal(all.Buckets, first.Buckets);
        Assert.Equal((all.Count, all.Min, all.Max, all.Mean), (first.Count, first.Min, first.Max, first.Mean));
        Assert.Equal(TimeSpan.Zero, new LatencyHistogram().Quantile(0.99));
    }

    [Fact]
    public void what_is_out_of_range_is_counted_at_its_end()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.FromTicks(-5));
        histogram.Record(TimeSpan.MaxValue);
        Assert.Equal(2, histogram.Count);
        Assert.Equal(2, histogram.Buckets.Count());
        Assert.Equal(TimeSpan.Zero, histogram.Quantile(0.5));
    }
}
