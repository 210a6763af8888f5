using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>The activation as its grain sees it.</summary>
internal sealed partial class Activation : IGrainContext, IGrainEntries
{
    private readonly List<ActivationTimer> _timers = [];
    private DateTimeOffset? _now;

    public DateTimeOffset Now
    {
        get
        {
            if (_now is not { } now)
            {
                var clock = _engine.TimeProvider.GetUtcNow();
                _now = now = clock.AddTicks(-(clock.Ticks % TimeSpan.TicksPerMicrosecond));
            }

            return now;
        }
    }

    public IGrainEntropy Entropy => _engine.Options.Entropy;

    public ICallInvoker Calls { get; }

    public IGrainEntries Entries => this;

    public ValueTask<bool> ExistsAsync(GrainId id)
    {
        EnsureTurn();
        return _engine.ExistsAsync(id);
    }

    public void Send<TRequest>(MethodDescriptor<TRequest> method, TRequest request, TimeSpan replyWaits = default, bool notify = false)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        EnsureTurn();
        var target = new GrainId(method.Handler, method.GetKey(request, default));
        if (!target.IsWellFormed || _engine.FindMethod(target.Kind, method.Name) is null)
        {
            throw new InvalidOperationException($"{method} for '{target}' cannot be delivered: no such kind is registered, or the key is malformed.");
        }

        var payload = new byte[request.GetEncodedSize()];
        request.Encode(payload);
        _staged.Messages.Add(new StagedMessage(method, request, target, payload, replyWaits, notify));
    }

    public void Publish(string topic, IXtmpMessage item)
    {
        EnsureTurn();
        ArgumentException.ThrowIfNullOrEmpty(topic);
        ArgumentNullException.ThrowIfNull(item);
        _staged.Publications.Add((topic, item));
    }

    public IAsyncEnumerable<TopicEvent<TItem>> Subscribe<TItem>(string topic, SubscriptionOptions? options = null)
        where TItem : class, IXtmpMessage<TItem>
    {
        EnsureTurn();
        var turn = Current!;
        if (!turn.OpensStream)
        {
            throw new InvalidOperationException("Subscribe from a stream method: the engine closes the subscription with the stream.");
        }

        var subscription = _engine.Topics.Subscribe(topic, options);
        (turn.Subscriptions ??= []).Add(subscription);
        return new TypedSubscription<TItem>(subscription);
    }

    public IAsyncEnumerable<TItem> OpenStream<TItem>(Func<ValueTask<IAsyncEnumerable<TItem>>> open) => new DeferredStream<TItem>(open);

    public void SetReminder(string name, TimeSpan due, TimeSpan? period = null)
    {
        EnsureTurn();
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, ReminderRecord.MaxNameLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(due, TimeSpan.Zero);
        if (period is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromSeconds(1), nameof(period));
        }

        _staged.WriteReminder(new ReminderWrite(name, new ReminderRecord(name, WholeMicroseconds(Now + due), period)));
    }

    public void RemoveReminder(string name)
    {
        EnsureTurn();
        _staged.WriteReminder(new ReminderWrite(name, null));
    }

    public IDisposable StartTimer(Func<ValueTask> callback, TimeSpan due, TimeSpan? period = null)
    {
        EnsureTurn();
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ActivationTimer(_engine, this, callback, due, period);
        lock (_timers)
        {
            _timers.RemoveAll(ended => ended.IsDisposed);
            _timers.Add(timer);
        }

        timer.Start();
        return timer;
    }

    public void Forget()
    {
        EnsureTurn();
        _staged.Forget = true;
    }

    public void DeactivateWhenDone()
    {
        EnsureTurn();
        lock (_lock)
        {
            _deactivate = true;
        }
    }

    public void EnsureTurn()
    {
        if (_current is null)
        {
            throw new InvalidOperationException($"{Id} is used outside its turns. A stream's items, and whatever else runs after a turn, must take what they need within it.");
        }
    }

    async ValueTask<ReadOnlyMemory<byte>?> IGrainEntries.GetAsync(string key)
    {
        EnsureTurn();
        CheckEntryKey(key);
        if (_staged.TryGetEntry(key, out var staged))
        {
            return staged.Removes ? default(ReadOnlyMemory<byte>?) : staged.Value;
        }

        if (_version == 0)
        {
            return null;
        }

        // Spelled out: a null array converted as a whole would become an empty value.
        var stored = await _engine.StoreCall(static (store, at) => store.ReadEntryAsync(at.Id, at.key), (Id, key), Id).ConfigureAwait(false);
        return stored is null ? default(ReadOnlyMemory<byte>?) : stored;
    }

    void IGrainEntries.Put(string key, ReadOnlyMemory<byte> value)
    {
        EnsureTurn();
        CheckEntryKey(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, IGrainEntries.MaxValueLength, nameof(value));
        _staged.WriteEntry(EntryWrite.Put(key, value));
    }

    void IGrainEntries.Remove(string key)
    {
        EnsureTurn();
        CheckEntryKey(key);
        _staged.WriteEntry(EntryWrite.Remove(key));
    }

    ValueTask<IReadOnlyList<GrainEntry>> IGrainEntries.PageAsync(string prefix, string after, int limit)
    {
        EnsureTurn();
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return _engine.StoreCall(static (store, at) => store.ReadEntriesAsync(at.Id, at.prefix, at.after, at.limit), (Id, prefix, after, limit), Id);
    }

    /// <summary>The reminder's turn: what was replaced or removed since it came due does not fire.</summary>
    internal async ValueTask FireReminderAsync(Grain grain, ReminderRecord fired)
    {
        if (_reminders is null || !_reminders.TryGetValue(fired.Name, out var current) || current.Due != fired.Due)
        {
            return;
        }

        ReminderRecord? next = null;
        if (fired.Period is { } period)
        {
            // Firings missed while nothing ran are made up by one, not by one each.
            var missed = Math.Max(0, (Now - fired.Due).Ticks / period.Ticks);
            next = fired with { Due = WholeMicroseconds(fired.Due + ((missed + 1) * period)) };
        }

        _staged.WriteReminder(new ReminderWrite(fired.Name, next));
        await grain.OnReminderAsync(fired.Name).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes a message out of the outbox with this turn; false where it is out already. The courier may come twice with
    /// the news of one delivery, and what the grain does about it must happen once.
    /// </summary>
    internal async ValueTask<bool> TryEndMessageAsync(OutboxId id)
    {
        if (!await _engine.StoreCall(static (store, message) => store.ContainsOutboxAsync(message), id, Id).ConfigureAwait(false))
        {
            return false;
        }

        _staged.OutboxRemovals.Add(id);
        return true;
    }

    private static DateTimeOffset WholeMicroseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private static void CheckEntryKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, IGrainEntries.MaxKeyLength, nameof(key));
        foreach (var unit in key)
        {
            if (unit is < ' ' or > '~')
            {
                throw new ArgumentException("An entry's key is printable ASCII.", nameof(key));
            }
        }
    }

    private void ApplyReminders()
    {
        foreach (var write in _staged.Reminders)
        {
            if (write.Reminder is { } reminder)
            {
                (_reminders ??= new Dictionary<string, ReminderRecord>(StringComparer.Ordinal))[write.Name] = reminder;
                _engine.Reminders.Scheduled(reminder.Due);
            }
            else
            {
                _reminders?.Remove(write.Name);
            }
        }
    }

    private void StopTimers()
    {
        lock (_timers)
        {
            _timers.ForEach(timer => timer.Dispose());
            _timers.Clear();
        }
    }
}
