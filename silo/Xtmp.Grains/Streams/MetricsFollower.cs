using System.Runtime.CompilerServices;
using Xtmp.Messages;

namespace Xtmp.Grains;

/// <summary>
/// Measurements now and then at intervals. What one item cannot hold comes in the next ones, of the same moment; where there is
/// nothing, an item without samples says so.
/// </summary>
internal static class MetricsFollower
{
    private const int MaxSamples = 64;

    public static async IAsyncEnumerable<MetricsItem> FollowAsync(
        MeterReadings readings, TimeProvider time, MetricsStream request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = readings.Open();
        var sequence = 0UL;
        while (true)
        {
            var now = time.GetUtcNow();
            now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
            foreach (var samples in readings.Read(request.Filter).Chunk(MaxSamples).DefaultIfEmpty([]))
            {
                yield return new MetricsItem { Topic = request.Topic, Sequence = ++sequence, At = now, Samples = [.. samples] };
            }

            await Task.Delay(request.Interval, time, cancellationToken).ConfigureAwait(true);
        }
    }
}
