using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// What waits for one subscriber: a bounded queue of items with gap notices where some were dropped, kept to a
/// <see cref="SlowConsumerPolicy"/>. Not safe for concurrent use.
/// </summary>
internal sealed class TopicQueue(SubscriptionOptions options)
{
    private readonly LinkedList<Entry> _entries = [];
    private readonly Dictionary<string, LinkedListNode<Entry>>? _latest = options.Policy == SlowConsumerPolicy.Coalesce ? [] : null;
    private int _items;

    /// <summary>Items dropped so far.</summary>
    public long Dropped { get; private set; }

    /// <summary>Items that a later one of their key has replaced so far.</summary>
    public long Coalesced { get; private set; }

    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Takes an item in. False where there is no room and the policy is to end the subscription.</summary>
    public bool TryAdd(IXtmpMessage item)
    {
        var key = _latest is null ? null : options.KeyOf?.Invoke(item) ?? "";
        if (key is not null && _latest!.Remove(key, out var replaced))
        {
            _entries.Remove(replaced);
            _items--;
            Coalesced++;
        }

        if (_items == options.Capacity)
        {
            if (options.Policy == SlowConsumerPolicy.Disconnect)
            {
                return false;
            }

            Dropped++;
            if (options.Policy == SlowConsumerPolicy.DropNewest)
            {
                MissAtEnd(1);
                return true;
            }

            DropOldest();
        }

        var node = _entries.AddLast(new Entry(item, 0, key));
        _items++;
        if (key is not null)
        {
            _latest![key] = node;
        }

        return true;
    }

    /// <summary>At most so many items were lost on their way here, after those that are queued.</summary>
    public void Miss(long count)
    {
        Dropped += count;
        MissAtEnd(count);
    }

    /// <summary>The next item or gap notice.</summary>
    public bool TryTake(out TopicEvent<IXtmpMessage> next)
    {
        if (_entries.First is not { Value: var entry })
        {
            next = default;
            return false;
        }

        _entries.RemoveFirst();
        if (entry.Item is not null)
        {
            _items--;
            if (entry.Key is not null)
            {
                _latest!.Remove(entry.Key);
            }
        }

        next = new TopicEvent<IXtmpMessage>(entry.Item, entry.Missed);
        return true;
    }

    public void Clear()
    {
        _entries.Clear();
        _latest?.Clear();
        _items = 0;
    }

    private void DropOldest()
    {
        var missed = 1L;
        if (_entries.First!.Value is { Item: null, Missed: var before })
        {
            missed += before;
            _entries.RemoveFirst();
        }

        if (_entries.First!.Value.Key is { } key)
        {
            _latest!.Remove(key);
        }

        _entries.RemoveFirst();
        _items--;

        // A gap that follows is the same gap now.
        if (_entries.First is { Value: { Item: null, Missed: var after } } next)
        {
            missed += after;
            _entries.Remove(next);
        }

        _entries.AddFirst(new Entry(null, missed, null));
    }

    private void MissAtEnd(long count)
    {
        if (_entries.Last is { Value: { Item: null, Missed: var before } } last)
        {
            last.Value = new Entry(null, before + count, null);
        }
        else
        {
            _entries.AddLast(new Entry(null, count, null));
        }
    }

    private readonly record struct Entry(IXtmpMessage? Item, long Missed, string? Key);
}
