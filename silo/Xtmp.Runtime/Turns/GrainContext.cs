using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>The world as a grain sees it.</summary>
internal sealed class GrainContext(Activation activation, TurnServices services, StagedChanges staged) : IXtmpGrainContext, IGrainEntries
{
    private readonly Lock _lock = new();
    private List<GrainTimer>? _timers;
    private OrleansInvoker? _calls;
    private DateTimeOffset? _now;
    private TimeSpan? _monotonic;

    public GrainId Id => activation.Id;

    public DateTimeOffset Now => _now ??= WholeMicroseconds(services.Time.GetUtcNow());

    public TimeSpan Monotonic => _monotonic ??= services.Time.GetElapsedTime(0);

    public ICallInvoker Calls => _calls ??= new OrleansInvoker(services, activation);

    public IGrainEntries Entries => this;

    /// <summary>The grain wants to go after this turn.</summary>
    public bool DeactivatesWhenDone { get; private set; }

    public static DateTimeOffset WholeMicroseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    public void BeginTurn()
    {
        _now = null;
        _monotonic = null;
    }

    public ValueTask<bool> ExistsAsync(GrainId id)
    {
        EnsureTurn();
        if (!id.IsWellFormed || !services.Kinds.TryGet(id.Kind, out _))
        {
            return new(false);
        }

        return services.Local.Find(id) is { Version: > 0 } ? new(true) : ReadAsync();

        async ValueTask<bool> ReadAsync() => await services.StoreAsync(services.Store.ReadVersionAsync(id), Id).ConfigureAwait(false) > 0;
    }

    public void Send<TRequest>(MethodDescriptor<TRequest> method, TRequest request, TimeSpan replyWaits = default, bool notify = false)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        EnsureTurn();
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(request);
        var target = new GrainId(method.Handler, method.GetKey(request, default));
        if (!target.IsWellFormed || services.Kinds.FindMethod(target.Kind, method.Name) is null)
        {
            throw new InvalidOperationException($"{method} for '{target}' cannot be delivered: no such kind is registered, or the key is malformed.");
        }

        staged.Messages.Add(new StagedMessage(method, request, target, request.ToBytes(), replyWaits, notify));
    }

    public void CheckReply(Func<XtmpException?> check)
    {
        EnsureTurn();
        ArgumentNullException.ThrowIfNull(check);
        if (activation.Current is not CallTurn { Check: null } turn)
        {
            throw new InvalidOperationException("One check of a reply, in the turn of a unary call.");
        }

        turn.Check = check;
    }

    public TReply DeferReply<TReply>(out IDeferredReply<TReply> later)
        where TReply : class, IXtmpMessage
    {
        EnsureTurn();
        if (activation.Current is not CallTurn { Deferred: null } turn)
        {
            throw new InvalidOperationException("One deferred reply, in the turn of a unary call.");
        }

        var deferred = new DeferredReply<TReply>(this, staged, services.Activity);
        turn.Deferred = deferred;
        later = deferred;
        return null!;
    }

    public void Publish(string topic, IXtmpMessage item)
    {
        EnsureTurn();
        ArgumentException.ThrowIfNullOrEmpty(topic);
        ArgumentNullException.ThrowIfNull(item);
        staged.Publications.Add((topic, item));
    }

    public IAsyncEnumerable<TopicEvent<TItem>> Subscribe<TItem>(string topic, SubscriptionOptions? options = null)
        where TItem : class, IXtmpMessage<TItem>
    {
        EnsureTurn();
        if (activation.Current is not StreamTurn turn)
        {
            throw new InvalidOperationException("Subscribe from a stream method: the subscription is closed with the stream.");
        }

        services.Topics.Expect<TItem>();
        var subscription = services.Topics.Subscribe(topic, options);
        (turn.Subscriptions ??= []).Add(subscription);
        return new TypedSubscription<TItem>(subscription, turn);
    }

    public IAsyncEnumerable<TItem> OpenStream<TItem>(Func<ValueTask<IAsyncEnumerable<TItem>>> open)
        where TItem : class, IXtmpMessage => new DeferredStream<TItem>(open);

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

        staged.WriteReminder(new ReminderWrite(name, new ReminderRecord(name, WholeMicroseconds(Now + due), period)));
    }

    public void RemoveReminder(string name)
    {
        EnsureTurn();
        staged.WriteReminder(new ReminderWrite(name, null));
    }

    public IDisposable StartTimer(Func<ValueTask> callback, TimeSpan due, TimeSpan? period = null)
    {
        EnsureTurn();
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new GrainTimer(activation, services, callback, due, period);
        lock (_lock)
        {
            _timers ??= [];
            _timers.RemoveAll(static ended => ended.IsDisposed);
            _timers.Add(timer);
        }

        timer.Start();
        return timer;
    }

    public void StopTimers()
    {
        lock (_lock)
        {
            _timers?.ForEach(static timer => timer.Dispose());
            _timers = null;
        }
    }

    public void Forget()
    {
        EnsureTurn();
        staged.Forget = true;
    }

    public void DeactivateWhenDone()
    {
        EnsureTurn();
        DeactivatesWhenDone = true;
    }

    public void EnsureTurn()
    {
        if (activation.Current is null)
        {
            throw new InvalidOperationException($"{Id} is used outside its turns. A stream's items, and whatever else runs after a turn, must take what they need within it.");
        }
    }

    async ValueTask<ReadOnlyMemory<byte>?> IGrainEntries.GetAsync(string key)
    {
        EnsureTurn();
        CheckEntryKey(key);
        if (staged.TryGetEntry(key, out var write))
        {
            return write.Removes ? default(ReadOnlyMemory<byte>?) : write.Value;
        }

        if (activation.Version == 0)
        {
            return null;
        }

        // Spelled out: a null array converted as a whole would become an empty value.
        var stored = await services.StoreAsync(services.Store.ReadEntryAsync(Id, key), Id).ConfigureAwait(false);
        return stored is null ? default(ReadOnlyMemory<byte>?) : stored;
    }

    void IGrainEntries.Put(string key, ReadOnlyMemory<byte> value)
    {
        EnsureTurn();
        CheckEntryKey(key);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, IGrainEntries.MaxValueLength, nameof(value));
        staged.WriteEntry(EntryWrite.Put(key, value));
    }

    void IGrainEntries.Remove(string key)
    {
        EnsureTurn();
        CheckEntryKey(key);
        staged.WriteEntry(EntryWrite.Remove(key));
    }

    ValueTask<IReadOnlyList<GrainEntry>> IGrainEntries.PageAsync(string prefix, string after, int limit)
    {
        EnsureTurn();
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return services.StoreAsync(services.Store.ReadEntriesAsync(Id, prefix, after, limit), Id);
    }

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
}
