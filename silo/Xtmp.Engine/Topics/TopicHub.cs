using System.Collections.Concurrent;
using System.Collections.Immutable;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>Topics within one process.</summary>
public sealed class TopicHub : ITopicHub
{
    private readonly ConcurrentDictionary<string, ImmutableArray<TopicSubscription>> _topics = new(StringComparer.Ordinal);
    private readonly int _maxSubscriptions;
    private int _subscriptions;
    private XtmpException? _closed;

    /// <param name="maxSubscriptions">Subscriptions over all topics before further ones are refused.</param>
    public TopicHub(int maxSubscriptions = 1_000_000)
    {
        _maxSubscriptions = maxSubscriptions;
    }

    /// <summary>Open subscriptions.</summary>
    public int SubscriptionCount => Volatile.Read(ref _subscriptions);

    public void Publish(string topic, IXtmpMessage item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (_topics.TryGetValue(topic, out var subscribers))
        {
            foreach (var subscriber in subscribers)
            {
                subscriber.Offer(item);
            }
        }
    }

    public ITopicSubscription Subscribe(string topic, SubscriptionOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        options ??= SubscriptionOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, 1);
        if (Interlocked.Increment(ref _subscriptions) > _maxSubscriptions)
        {
            Interlocked.Decrement(ref _subscriptions);
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, "Too many subscriptions are open.", retryable: true);
        }

        var subscription = new TopicSubscription(this, topic, options);
        _topics.AddOrUpdate(topic, static (_, added) => [added], static (_, all, added) => all.Add(added), subscription);
        if (Volatile.Read(ref _closed) is { } closed)
        {
            subscription.End(closed);
        }

        return subscription;
    }

    /// <summary>Ends every subscription, present and future, with <paramref name="reason"/>.</summary>
    public void Close(XtmpException reason)
    {
        Volatile.Write(ref _closed, reason);
        foreach (var (_, subscribers) in _topics)
        {
            foreach (var subscriber in subscribers)
            {
                subscriber.End(reason);
            }
        }
    }

    internal void Remove(TopicSubscription subscription)
    {
        Interlocked.Decrement(ref _subscriptions);
        while (_topics.TryGetValue(subscription.Topic, out var subscribers))
        {
            var left = subscribers.Remove(subscription);
            var done = left.IsEmpty
                ? _topics.TryRemove(new KeyValuePair<string, ImmutableArray<TopicSubscription>>(subscription.Topic, subscribers))
                : _topics.TryUpdate(subscription.Topic, left, subscribers);
            if (done)
            {
                return;
            }
        }
    }
}
