using System.Diagnostics;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>What became of a turn offered to an activation.</summary>
internal enum Admission : byte
{
    Taken = 0,

    /// <summary>The mailbox is full.</summary>
    Full = 1,

    /// <summary>The activation was let go; its successor takes the turn.</summary>
    Closed = 2,
}

/// <summary>
/// One grain in memory: its mailbox and the loop that runs its turns one after the other. A turn that finds it idle runs
/// on the calling thread; what queues up meanwhile moves to the thread pool.
/// </summary>
internal sealed partial class Activation : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly EmbeddedEngine _engine;
    private readonly GrainKind _kind;
    private readonly StagedChanges _staged = new();
    private Queue<Turn>? _mailbox;
    private CancellationTokenSource _cancellation = new();
    private Grain? _grain;
    private long _version;
    private Dictionary<string, ReminderRecord>? _reminders;
    private Turn? _current;
    private long _lastUsed;
    private bool _busy;
    private bool _cancellationSpoiled;
    private bool _closed;
    private bool _deactivate;

    public Activation(EmbeddedEngine engine, GrainKind kind, GrainId id)
    {
        _engine = engine;
        _kind = kind;
        Id = id;
        _lastUsed = engine.TimeProvider.GetTimestamp();
        Calls = new GrainCalls(engine, this);
    }

    public GrainId Id { get; }

    /// <summary>The running turn, or null between turns.</summary>
    public Turn? Current => Volatile.Read(ref _current);

    /// <summary>True where the grain is loaded and has committed something.</summary>
    public bool IsKnownToExist => Volatile.Read(ref _version) > 0;

    /// <summary>Offers a turn; where it is taken the turn settles in the end, and may have done so on return.</summary>
    public Admission Offer(Turn turn)
    {
        var inline = false;
        lock (_lock)
        {
            if (_closed)
            {
                return Admission.Closed;
            }

            if (_busy)
            {
                _mailbox ??= new Queue<Turn>();
                if (_mailbox.Count >= _engine.Options.MailboxCapacity && !turn.IsInternal)
                {
                    return Admission.Full;
                }
            }

            turn.Activation = this;
            _engine.Running.Add();
            if (_busy)
            {
                _mailbox!.Enqueue(turn);
            }
            else
            {
                _busy = true;
                inline = _engine.Options.InlineTurns;
                if (!inline)
                {
                    (_mailbox ??= new Queue<Turn>()).Enqueue(turn);
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                }
            }
        }

        if (inline)
        {
            var processing = ProcessAsync(turn);
            if (processing.IsCompleted)
            {
                processing.GetAwaiter().GetResult();
                HandOver();
            }
            else
            {
                _ = ContinueAsync(processing);
            }
        }

        return Admission.Taken;
    }

    /// <summary>Ends the activation when it is idle and has been for <paramref name="idleFor"/>.</summary>
    public bool TryClose(long now, TimeSpan idleFor)
    {
        lock (_lock)
        {
            if (_busy || _closed || _engine.TimeProvider.GetElapsedTime(_lastUsed, now) < idleFor)
            {
                return false;
            }

            _closed = true;
        }

        Closed();
        return true;
    }

    public TimeSpan? IdleTimeout => _kind.IdleTimeout;

    /// <summary>Asks the grain's code to stop, where that turn is the one running.</summary>
    public void CancelTurn(Turn turn)
    {
        CancellationTokenSource? cancellation = null;
        lock (_lock)
        {
            if (ReferenceEquals(_current, turn))
            {
                // Cancelled outside the lock, perhaps after the turn: the source must not serve another one.
                cancellation = _cancellation;
                _cancellationSpoiled = true;
            }
        }

        cancellation?.Cancel();
    }

    /// <summary>The engine gives up waiting: whatever runs is asked to stop.</summary>
    public void Abandon()
    {
        StopTimers();
        if (Current is { } turn)
        {
            CancelTurn(turn);
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = PumpAsync();

    private async Task ContinueAsync(ValueTask processing)
    {
        await processing.ConfigureAwait(false);
        await PumpAsync().ConfigureAwait(false);
    }

    private async Task PumpAsync()
    {
        while (Next() is { } turn)
        {
            await ProcessAsync(turn).ConfigureAwait(false);
        }
    }

    // After a turn on a caller's thread: whatever queued up is not that caller's to run.
    private void HandOver()
    {
        lock (_lock)
        {
            // Looked at and let go under one lock: a turn that came in between would belong to nobody.
            if (_mailbox is { Count: > 0 })
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            if (!TryRetire())
            {
                return;
            }
        }

        Closed();
    }

    private Turn? Next()
    {
        lock (_lock)
        {
            if (_mailbox is { } mailbox && mailbox.TryDequeue(out var turn))
            {
                return turn;
            }

            if (!TryRetire())
            {
                return null;
            }
        }

        Closed();
        return null;
    }

    // Under the lock, with an empty mailbox: idle from here on, and true where this was the last turn.
    private bool TryRetire()
    {
        _busy = false;
        if (!_deactivate || _closed)
        {
            return false;
        }

        _closed = true;
        return true;
    }

    private void Closed()
    {
        _engine.Forget(this);
        StopTimers();
    }

    /// <summary>Runs one turn to its end. Never throws: what goes wrong settles the turn.</summary>
    private async ValueTask ProcessAsync(Turn turn)
    {
        try
        {
            if (!turn.IsSettled)
            {
                await RunAsync(turn).ConfigureAwait(false);
                _engine.Metrics.Turns.Add(1, new KeyValuePair<string, object?>("kind", Id.Kind));
            }
        }
        catch (Exception bug)
        {
            // A bug of the engine itself. Its grain starts afresh: one that stayed busy for ever would be worse.
            _engine.Report(Id, "The engine failed in a turn.", bug);
            Unload();
            End();
            turn.Fail(new XtmpException(XtmpErrorCode.Internal, Fault.Peer, $"The {Id.Kind} failed."));
        }
        finally
        {
            _lastUsed = _engine.TimeProvider.GetTimestamp();
            _engine.Running.Remove();
        }
    }

    private async ValueTask RunAsync(Turn turn)
    {
        Begin(turn);
        Exception error;
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                if (await TryRunAsync(turn).ConfigureAwait(false))
                {
                    return;
                }

                _engine.Metrics.Conflicts.Add(1);
                Unload();
                turn.CloseSubscriptions();
                if (attempt == _engine.Options.MaxConflictRetries)
                {
                    throw new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, $"Another silo kept changing the same {Id.Kind}.", retryable: true);
                }
            }
        }
        catch (XtmpException refusal)
        {
            error = refusal;
        }
        catch (OperationCanceledException cancelled) when (turn.IsSettled)
        {
            // The caller has its timeout or its cancellation already; the grain has followed the token.
            error = cancelled;
        }
        catch (Exception bug)
        {
            _engine.Report(Id, "A grain failed in a turn.", bug);
            error = new XtmpException(XtmpErrorCode.Internal, Fault.Peer, $"The {Id.Kind} failed; nothing of this call was kept.");

            // Its fields may be in any state.
            _grain = null;
        }

        _grain?.RollBackState();
        End();
        turn.CloseSubscriptions();
        turn.Fail(error);
    }

    /// <summary>False after a version conflict.</summary>
    private async ValueTask<bool> TryRunAsync(Turn turn)
    {
        if (_grain is null && !await ActivateAsync().ConfigureAwait(false))
        {
            return false;
        }

        await turn.RunAsync(this, _grain!, _cancellation.Token).ConfigureAwait(false);
        if (!await CommitAsync().ConfigureAwait(false))
        {
            return false;
        }

        Release(turn);
        return true;
    }

    private async ValueTask<bool> ActivateAsync()
    {
        var record = await _engine.StoreCall(static (store, id) => store.LoadAsync(id), Id, Id).ConfigureAwait(false);
        var grain = _kind.Create(this);
        try
        {
            grain.LoadState(record.State);
        }
        catch (XtmpException damaged)
        {
            throw _engine.StorageFailed(damaged, Id);
        }

        Volatile.Write(ref _version, record.Version);
        _reminders = record.Reminders.Count == 0 ? null : record.Reminders.ToDictionary(reminder => reminder.Name, StringComparer.Ordinal);
        _grain = grain;
        try
        {
            await grain.OnActivateAsync().ConfigureAwait(false);
            if (_staged.Forget)
            {
                throw new InvalidOperationException("A grain cannot forget itself while it wakes up.");
            }

            // On its own, so that a turn that throws cannot undo what the grain believes it did when it woke up.
            if (!await CommitAsync().ConfigureAwait(false))
            {
                return false;
            }

            Announce(turn: null);
            _staged.Clear();
        }
        catch
        {
            StopTimers();
            _grain = null;
            throw;
        }

        _engine.Metrics.Activations.Add(1, new KeyValuePair<string, object?>("kind", Id.Kind));
        return true;
    }

    private void Begin(Turn turn)
    {
        _now = null;
        lock (_lock)
        {
            if (_cancellationSpoiled || !_cancellation.TryReset())
            {
                _cancellation = new CancellationTokenSource();
                _cancellationSpoiled = false;
            }

            _current = turn;
        }
    }

    private void End()
    {
        _staged.Clear();
        lock (_lock)
        {
            _current = null;
        }
    }

    private void Unload()
    {
        StopTimers();
        _grain = null;
        _staged.Clear();
    }

    private async ValueTask<bool> CommitAsync()
    {
        var state = _grain!.EncodeChangedState();
        if (state is null && !_staged.IsDurable)
        {
            return !_engine.Store.IsShared || await _engine.StoreCall(static (store, id) => store.ReadVersionAsync(id), Id, Id).ConfigureAwait(false) == _version;
        }

        var commit = new GrainCommit
        {
            Id = Id,
            ExpectedVersion = _version,
            State = state,
            Forget = _staged.Forget,
            Entries = _staged.Entries,
            Outbox = _staged.Messages.Count == 0 ? [] : OutboxOf(_version + 1),
            OutboxRemovals = _staged.OutboxRemovals,
            Reminders = _staged.Reminders,
        };
        var started = _engine.Metrics.CommitDuration.Enabled ? Stopwatch.GetTimestamp() : 0;
        CommitOutcome outcome;
        try
        {
            outcome = await _engine.StoreCall(static (store, changes) => store.CommitAsync(changes), commit, Id).ConfigureAwait(false);
        }
        catch (XtmpException)
        {
            // What is stored now is the store's to say, at the next load.
            StopTimers();
            _grain = null;
            throw;
        }

        if (started != 0)
        {
            _engine.Metrics.CommitDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        if (outcome == CommitOutcome.Conflict)
        {
            return false;
        }

        Volatile.Write(ref _version, _version + 1);
        _grain.StateCommitted();
        ApplyReminders();
        if (_staged.Forget)
        {
            // Whoever calls next meets a grain that never was.
            StopTimers();
            _grain = null;
            lock (_lock)
            {
                _deactivate = true;
            }
        }

        return true;
    }

    private OutboxRecord[] OutboxOf(long version)
    {
        var records = new OutboxRecord[_staged.Messages.Count];
        for (var i = 0; i < records.Length; i++)
        {
            var message = _staged.Messages[i];
            records[i] = new OutboxRecord(new OutboxId(Id, version, i), message.Target, message.Method.Name, message.Payload, message.Notify);
        }

        return records;
    }

    private void Release(Turn turn)
    {
        var holdTimeout = Announce(turn);
        End();
        turn.Complete(holdTimeout);
    }

    /// <summary>The changes are durable: the world may see them. Gives how long the turn's reply waits for deliveries.</summary>
    private TimeSpan Announce(Turn? turn)
    {
        foreach (var (topic, item) in _staged.Publications)
        {
            _engine.Topics.Publish(topic, item);
        }

        var holdTimeout = TimeSpan.Zero;
        var holds = 0;
        foreach (var message in _staged.Messages)
        {
            if (turn is not null && message.ReplyWaits > TimeSpan.Zero)
            {
                holds++;
                holdTimeout = message.ReplyWaits > holdTimeout ? message.ReplyWaits : holdTimeout;
            }
        }

        if (holds > 0)
        {
            turn!.Hold(holds);
        }

        for (var i = 0; i < _staged.Messages.Count; i++)
        {
            var message = _staged.Messages[i];
            _engine.Courier.Accept(new OutboxId(Id, _version, i), message, message.ReplyWaits > TimeSpan.Zero ? turn : null);
        }

        return holdTimeout;
    }
}
