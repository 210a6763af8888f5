using System.Runtime.CompilerServices;
using Xtmp.Messages;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>The events that one subscriber wants, counted for it.</summary>
internal static class EventFollower
{
    public static async IAsyncEnumerable<EventItem> FollowAsync(
        IAsyncEnumerable<TopicEvent<EventItem>> live, EventStream request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Events come from every silo of the cluster, so that only the subscriber's own count has no holes but real ones.
        var sequence = 0UL;
        await foreach (var (item, missed) in live.WithCancellation(cancellationToken).ConfigureAwait(true))
        {
            if (item is null)
            {
                sequence += (ulong)missed;
            }
            else if (item.Severity >= request.MinimumSeverity && (request.Filter is null || item.Name.StartsWith(request.Filter, StringComparison.Ordinal)))
            {
                yield return item with { Sequence = ++sequence };
            }
        }
    }
}
