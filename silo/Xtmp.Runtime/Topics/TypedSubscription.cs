using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>A subscription whose items are of one message type; items of other types on the topic are passed over.</summary>
internal sealed class TypedSubscription<TItem>(ITopicSubscription subscription) : IAsyncEnumerable<TopicEvent<TItem>>
    where TItem : class, IXtmpMessage<TItem>
{
    public async IAsyncEnumerator<TopicEvent<TItem>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var next in subscription.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (next.Item is null)
            {
                yield return new TopicEvent<TItem>(null, next.Missed);
            }
            else if (next.Item is TItem item)
            {
                yield return new TopicEvent<TItem>(item, 0);
            }
        }
    }
}
