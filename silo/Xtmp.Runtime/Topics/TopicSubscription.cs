using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>A bounded queue of items between publishers, which never wait, and one reader.</summary>
internal sealed class TopicSubscription : ITopicSubscription, IAsyncEnumerator<TopicEvent<IXtmpMessage>>
{
    private readonly Lock _lock = new();
    private readonly TopicHub _hub;
    private readonly SubscriptionOptions _options;
    private readonly TopicQueue _queue;
    private CancellationToken _cancellation;
    private CancellationTokenRegistration _registration;
    private TaskCompletionSource<bool>? _waiter;
    private XtmpException? _end;
    private bool _disposed;
    private bool _enumerating;

    public TopicSubscription(TopicHub hub, string topic, SubscriptionOptions options)
    {
        _hub = hub;
        Topic = topic;
        _options = options;
        _queue = new TopicQueue(options);
    }

    public string Topic { get; }

    public long Dropped
    {
        get
        {
            lock (_lock)
            {
                return _queue.Dropped;
            }
        }
    }

    public long Coalesced
    {
        get
        {
            lock (_lock)
            {
                return _queue.Coalesced;
            }
        }
    }

    public TopicEvent<IXtmpMessage> Current { get; private set; }

    /// <summary>Its index in its topic's list; the topic's own.</summary>
    internal int Place { get; set; }

    public IAsyncEnumerator<TopicEvent<IXtmpMessage>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_enumerating)
            {
                throw new InvalidOperationException("A subscription is enumerated once.");
            }

            _enumerating = true;
        }

        _cancellation = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((TopicSubscription)state!).Wake(), this);
        return this;
    }

    public ValueTask<bool> MoveNextAsync()
    {
        _cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (TryTake(out var more))
            {
                return new ValueTask<bool>(more);
            }

            _waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask<bool>(WaitAsync(_waiter.Task));
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _queue.Clear();
        }

        _registration.Unregister();
        _hub.Remove(this);
        _hub.CountLosses(Dropped, Coalesced);
        Wake();
    }

    internal void Offer(IXtmpMessage item)
    {
        lock (_lock)
        {
            if (_disposed || _end is not null)
            {
                return;
            }

            if (!_queue.TryAdd(item))
            {
                _hub.CountSlowConsumer();
                _end = new XtmpException(
                    XtmpErrorCode.SlowConsumer,
                    Fault.Peer,
                    $"The subscriber fell more than {_options.Capacity} updates behind.",
                    retryable: true);
            }
        }

        Wake();
    }

    /// <summary>At most so many items were lost on their way here.</summary>
    internal void Miss(long count)
    {
        lock (_lock)
        {
            if (_disposed || _end is not null)
            {
                return;
            }

            _queue.Miss(count);
        }

        Wake();
    }

    internal void End(XtmpException reason)
    {
        lock (_lock)
        {
            _end ??= reason;
        }

        Wake();
    }

    private async Task<bool> WaitAsync(Task<bool> woken)
    {
        while (true)
        {
            await woken.ConfigureAwait(false);
            _cancellation.ThrowIfCancellationRequested();
            lock (_lock)
            {
                if (TryTake(out var more))
                {
                    return more;
                }

                _waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                woken = _waiter.Task;
            }
        }
    }

    // Under the lock. A gap notice comes before the items that follow the gap; what is queued comes before the end.
    private bool TryTake(out bool more)
    {
        more = true;
        if (_disposed)
        {
            more = false;
            return true;
        }

        if (_queue.TryTake(out var next))
        {
            Current = next;
            return true;
        }

        if (_end is { } end)
        {
            throw new XtmpException(end.Code, end.Fault, end.Message, end.Field, end.Retryable, end.RetryAfter);
        }

        return false;
    }

    private void Wake()
    {
        TaskCompletionSource<bool>? waiter;
        lock (_lock)
        {
            waiter = _waiter;
            _waiter = null;
        }

        waiter?.TrySetResult(true);
    }
}
