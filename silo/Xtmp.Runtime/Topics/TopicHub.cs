using System.Collections.Concurrent;
using Xtmp.Protocol;
using Xtmp.Runtime.Wire;

namespace Xtmp.Runtime;

/// <summary>Topics of one silo, and what other silos publish. Adding and removing a subscription take constant time, however many a topic has.</summary>
public sealed class TopicHub : ITopicHub
{
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<ReadOnlyMemory<byte>, IXtmpMessage>> _decoders = new(StringComparer.Ordinal);
    private readonly int _maxSubscriptions;
    private int _subscriptions;
    private long _dropped;
    private long _coalesced;
    private long _slowConsumers;
    private XtmpException? _closed;

    /// <param name="maxSubscriptions">Subscriptions over all topics before further ones are refused.</param>
    public TopicHub(int maxSubscriptions = 1_000_000)
    {
        _maxSubscriptions = maxSubscriptions;
    }

    /// <summary>Open subscriptions.</summary>
    public int SubscriptionCount => Volatile.Read(ref _subscriptions);

    /// <summary>Items dropped for subscribers that are gone.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Items replaced by later ones of their key, for subscribers that are gone.</summary>
    public long Coalesced => Interlocked.Read(ref _coalesced);

    /// <summary>Subscriptions ended because their reader was too slow.</summary>
    public long SlowConsumers => Interlocked.Read(ref _slowConsumers);

    /// <summary>Takes what is published to the other silos; null where there are none.</summary>
    internal Action<string, IXtmpMessage>? Relay { get; set; }

    /// <summary>Sees what grains of this silo publish; must be quick and not throw.</summary>
    internal Action<string, IXtmpMessage>? Observer { get; set; }

    public void Publish(string topic, IXtmpMessage item)
    {
        ArgumentNullException.ThrowIfNull(item);
        Deliver(topic, item);
        Relay?.Invoke(topic, item);
        Observer?.Invoke(topic, item);
    }

    internal static string TypeName(Type type) => type.FullName!;

    public void Expect<TItem>()
        where TItem : class, IXtmpMessage<TItem> =>
        _decoders.TryAdd(TypeName(typeof(TItem)), static bytes => XtmpCodec.Decode<TItem>(bytes.Span, StoredLimits.Value));

    /// <summary>Publications of another silo, a RemoteTopicBatch.</summary>
    internal void Receive(byte[] encoded)
    {
        var batch = XtmpCodec.Decode<RemoteTopicBatch>(encoded, StoredLimits.Value);
        if (batch.Missed > 0)
        {
            // Nobody knows any more whose they were.
            foreach (var (_, topic) in _topics)
            {
                topic.Miss((long)batch.Missed);
            }
        }

        foreach (var item in batch.Items)
        {
            if (_topics.ContainsKey(item.Topic) && _decoders.TryGetValue(item.Type, out var decode))
            {
                Deliver(item.Topic, decode(item.Body));
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
        while (!_topics.GetOrAdd(topic, static _ => new Topic()).TryAdd(subscription))
        {
            // Its last subscriber has just gone; a new topic takes its place.
        }

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
        foreach (var (_, topic) in _topics)
        {
            topic.End(reason);
        }
    }

    internal void CountSlowConsumer() => Interlocked.Increment(ref _slowConsumers);

    internal void CountLosses(long dropped, long coalesced)
    {
        Interlocked.Add(ref _dropped, dropped);
        Interlocked.Add(ref _coalesced, coalesced);
    }

    internal void Remove(TopicSubscription subscription)
    {
        Interlocked.Decrement(ref _subscriptions);
        if (_topics.TryGetValue(subscription.Topic, out var topic) && topic.RemoveIsEmpty(subscription))
        {
            _topics.TryRemove(new KeyValuePair<string, Topic>(subscription.Topic, topic));
        }
    }

    private void Deliver(string topic, IXtmpMessage item)
    {
        if (_topics.TryGetValue(topic, out var found))
        {
            found.Publish(item);
        }
    }

    /// <summary>The subscribers of one topic. Each knows its place, so that it goes without a search.</summary>
    private sealed class Topic
    {
        private readonly Lock _lock = new();
        private readonly List<TopicSubscription> _subscribers = [];
        private bool _isClosed;

        /// <summary>False where the topic has lost its last subscriber.</summary>
        public bool TryAdd(TopicSubscription subscription)
        {
            lock (_lock)
            {
                if (_isClosed)
                {
                    return false;
                }

                subscription.Place = _subscribers.Count;
                _subscribers.Add(subscription);
                return true;
            }
        }

        /// <summary>True where nobody is left.</summary>
        public bool RemoveIsEmpty(TopicSubscription subscription)
        {
            lock (_lock)
            {
                // The last one takes its place.
                var last = _subscribers[^1];
                _subscribers[subscription.Place] = last;
                last.Place = subscription.Place;
                _subscribers.RemoveAt(_subscribers.Count - 1);
                return _isClosed = _subscribers.Count == 0;
            }
        }

        public void Publish(IXtmpMessage item)
        {
            lock (_lock)
            {
                foreach (var subscriber in _subscribers)
                {
                    subscriber.Offer(item);
                }
            }
        }

        public void Miss(long count)
        {
            lock (_lock)
            {
                foreach (var subscriber in _subscribers)
                {
                    subscriber.Miss(count);
                }
            }
        }

        public void End(XtmpException reason)
        {
            TopicSubscription[] all;
            lock (_lock)
            {
                all = [.. _subscribers];
            }

            foreach (var subscriber in all)
            {
                subscriber.End(reason);
            }
        }
    }
}
