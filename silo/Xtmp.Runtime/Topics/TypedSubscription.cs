using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// A subscription whose items are of one message type; items of other types on the topic are passed over. Where its reader
/// gives no token it ends with the stream that it was made for.
/// </summary>
internal sealed class TypedSubscription<TItem>(ITopicSubscription subscription, StreamTurn turn) : IAsyncEnumerable<TopicEvent<TItem>>
    where TItem : class, IXtmpMessage<TItem>
{
    public async IAsyncEnumerator<TopicEvent<TItem>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await using var events = subscription.GetAsyncEnumerator(cancellationToken.CanBeCanceled ? cancellationToken : turn.Lifetime);
        while (true)
        {
            var next = events.MoveNextAsync();
            if (!next.IsCompleted)
            {
                turn.WaitsForSubscription();
            }

            if (!await next.ConfigureAwait(false))
            {
                yield break;
            }

            if (events.Current.Item is null)
            {
                yield return new TopicEvent<TItem>(null, events.Current.Missed);
            }
            else if (events.Current.Item is TItem item)
            {
                yield return new TopicEvent<TItem>(item, 0);
            }
        }
    }
}
