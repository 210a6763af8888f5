using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// Live publish/subscribe between grains and sessions. Nothing is kept for a topic without subscribers: what must not be
/// missed is in a grain's state, and a subscriber reads that first (snapshot, then live).
/// </summary>
public interface ITopicHub
{
    /// <summary>Hands the item to every subscriber; never waits for a slow one.</summary>
    void Publish(string topic, IXtmpMessage item);

    /// <summary>Opens a subscription. It receives everything published after this returns, until it is disposed.</summary>
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.Overloaded"/> at the limit of subscriptions.</exception>
    ITopicSubscription Subscribe(string topic, SubscriptionOptions? options = null);

    /// <summary>Items of this type are wanted in this silo, so those that other silos publish are decoded. Subscriptions of grains do this themselves.</summary>
    void Expect<TItem>()
        where TItem : class, IXtmpMessage<TItem>;
}

/// <summary>One subscriber's bounded queue. Enumerate it once; it ends with an error, or when it is disposed.</summary>
public interface ITopicSubscription : IAsyncEnumerable<TopicEvent<IXtmpMessage>>, IDisposable
{
    string Topic { get; }

    /// <summary>Items that were dropped for this subscriber, or lost on their way to it.</summary>
    long Dropped { get; }

    /// <summary>Items that a later one of their key replaced before they were read.</summary>
    long Coalesced { get; }
}

/// <summary>What a subscription gives: an item, or the news that some were dropped before the next one.</summary>
/// <param name="Item">The item; null in a gap notice.</param>
/// <param name="Missed">In a gap notice, how many items were dropped; else 0.</param>
public readonly record struct TopicEvent<TItem>(TItem? Item, long Missed)
    where TItem : class;
