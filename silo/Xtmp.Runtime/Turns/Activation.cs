using System.Diagnostics;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// One grain in memory and its turns: the gate that puts them in order, the load, the commit, and what a commit lets out.
/// Turns run on the thread that calls or on the pool, never on Orleans' scheduler.
/// </summary>
internal sealed class Activation
{
    private readonly XtmpGrain _grain;
    private readonly TurnServices _services;
    private readonly TurnGate _gate;
    private readonly StagedChanges _staged = new();
    private readonly GrainContext _context;
    private readonly ActivationOutbox _outbox;
    private readonly DeferredCalls _deferred = new();
    private readonly KeyValuePair<string, object?> _kindTag;
    private readonly RunningTurn _running = new();
    private Dictionary<string, ReminderRecord>? _reminders;
    private long _version;
    private long _announced;
    private long _keptAt;
    private bool _isLoaded;
    private volatile bool _isLeaving;

    public Activation(XtmpGrain grain, GrainId id, TurnServices services)
    {
        _grain = grain;
        Id = id;
        _services = services;
        _gate = new TurnGate(services.Options.MailboxCapacity, services.Options.MailboxCapacityPerSession);
        _context = new GrainContext(this, services, _staged);
        _outbox = new ActivationOutbox(this, services);
        _kindTag = new("kind", id.Kind);
        _keptAt = Environment.TickCount64;
    }

    public GrainId Id { get; }

    public IXtmpGrainContext Context => _context;

    /// <summary>The running turn, or null between turns.</summary>
    public Turn? Current => _running.Turn;

    /// <summary>The version this activation has loaded or committed last; 0 for a grain that has never committed.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>True while calls wait for a later turn.</summary>
    public bool IsAwaited => _deferred.IsAwaited;

    /// <summary>A call from this silo, on the caller's thread.</summary>
    public ValueTask<XtmpReply> CallAsync(XtmpCall call)
    {
        if (!TryKeepActive())
        {
            return new(XtmpReply.Moved);
        }

        return CallAsync(call, isMessage: false);
    }

    /// <summary>A call that came through Orleans' messaging.</summary>
    public async ValueTask<XtmpReply> CallByMessageAsync(XtmpCall call, CancellationToken cancellationToken)
    {
        var pending = CallAsync(call, isMessage: true);
        if (!pending.IsCompleted && cancellationToken.CanBeCanceled)
        {
            await using var registration = cancellationToken.UnsafeRegister(static state => ((XtmpCall)state!).Turn?.Cancel(), call).ConfigureAwait(false);
            return await pending.ConfigureAwait(false);
        }

        return await pending.ConfigureAwait(false);
    }

    /// <summary>Opens a stream in a turn; what it gives is enumerated outside turns.</summary>
    public async IAsyncEnumerable<XtmpReply> StreamAsync(XtmpCall call, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (FindMethod(call) is not { } method || method is not IStreamMethod)
        {
            yield return NotServed(call);
            yield break;
        }

        var turn = new StreamTurn(call, method, cancellationToken);
        TurnOutcome outcome;
        await using (cancellationToken.UnsafeRegister(static state => ((Turn)state!).Cancel(), turn).ConfigureAwait(false))
        {
            outcome = await RunAsync(turn).ConfigureAwait(false);
        }

        if (outcome.IsMoved || outcome.Error is not null)
        {
            await turn.EndAsync().ConfigureAwait(false);
            yield return outcome.Error is { } error ? XtmpReply.Of(error) : XtmpReply.Moved;
            yield break;
        }

        try
        {
            var items = turn.Items!;
            for (var moving = new ValueTask<bool>(turn.First!); ; moving = items.MoveNextAsync())
            {
                call.Opening?.Done();
                if (await NextAsync(items, moving, cancellationToken).ConfigureAwait(false) is not { } next)
                {
                    yield break;
                }

                yield return next;
                if (next.Error is not null)
                {
                    yield break;
                }
            }
        }
        finally
        {
            await turn.EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Runs a turn of the silo itself. False where the activation goes or the turn failed.</summary>
    public async ValueTask<bool> RunInternalAsync(Func<ValueTask> action)
    {
        var outcome = await RunAsync(new ActionTurn(action)).ConfigureAwait(false);
        return outcome is { Error: null, IsMoved: false };
    }

    /// <summary>The reminder's turn: what was replaced or removed since it came due does not fire.</summary>
    public async ValueTask<bool> RemindAsync(string name, DateTimeOffset due)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return await RunInternalAsync(async () =>
        {
            if (_reminders is null || !_reminders.TryGetValue(name, out var fired) || fired.Due != due)
            {
                return;
            }

            ReminderRecord? next = null;
            if (fired.Period is { } period)
            {
                // Firings missed while nothing ran are made up by one, not by one each.
                var missed = Math.Max(0, (_context.Now - fired.Due).Ticks / period.Ticks);
                next = fired with { Due = GrainContext.WholeMicroseconds(fired.Due + ((missed + 1) * period)) };
            }

            _staged.WriteReminder(new ReminderWrite(name, next));
            await _grain.OnReminderAsync(name).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>A message that the store holds for this grain.</summary>
    public void Resume(byte[] message) => _outbox.Resume(message);

    /// <summary>False for a message of a turn that is still ending: the turn delivers it itself.</summary>
    public bool MayResume(long version) => !Volatile.Read(ref _isLoaded) || version <= Volatile.Read(ref _announced);

    /// <summary>
    /// The news of a delivery: in one commit the message leaves the outbox and the grain does what it does about it. It may
    /// come twice, and must take effect once: the outbox tells. News that cannot have come before needs no look there, since
    /// only a commit of this grain takes a message out, and after another activation's this one's fails its version check.
    /// </summary>
    public ValueTask<bool> EndMessageAsync(OutboxId id, IXtmpMessage request, GrainId target, XtmpException? refusal, bool mayRepeat) => RunInternalAsync(async () =>
    {
        if (!mayRepeat || await _services.StoreAsync(_services.Store.ContainsOutboxAsync(id), Id).ConfigureAwait(false))
        {
            _staged.OutboxRemovals.Add(id);
            await (refusal is null ? _grain.OnDeliveredAsync(request, target) : _grain.OnRefusedAsync(request, target, refusal)).ConfigureAwait(false);
        }
    });

    /// <summary>Asks the grain's code to stop, where that turn is the one running.</summary>
    public void CancelRunning(Turn? turn = null)
    {
        try
        {
            _running.Cancel(turn);
        }
        catch (AggregateException error)
        {
            // What the grain's code registered with its token throws: its own fault, of which whoever cancels knows nothing.
            _services.Report(Id, "What a handler does when its call is given up failed.", error.Flatten());
        }
    }

    /// <summary>The activation goes: whoever calls looks again and meets its successor.</summary>
    public void Leave()
    {
        _isLeaving = true;
        _services.Local.Leave(this);
        _context.StopTimers();
        _deferred.Move();
        _grain.LeaveWhenIdle();
    }

    /// <summary>Orleans lets the grain go: the turn that runs ends first.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        _isLeaving = true;
        _services.Local.Leave(this);
        if (_gate.Enter(session: 0, isInternal: true) is { } entered)
        {
            try
            {
                await entered.WaitAsync(cancellationToken).ConfigureAwait(false);
                _gate.Leave();
            }
            catch (OperationCanceledException)
            {
                _ = entered.ContinueWith(static (_, gate) => ((TurnGate)gate!).Leave(), _gate, TaskScheduler.Default);
            }
        }

        _outbox.Stop();
        _context.StopTimers();
        _deferred.Move();
    }

    private static async ValueTask<XtmpReply> AcceptAsync(ValueTask<TurnOutcome> running, ActivityCounter activity)
    {
        try
        {
            await running.ConfigureAwait(false);
        }
        finally
        {
            activity.Remove();
        }

        return XtmpReply.Accepted;
    }

    private ValueTask<XtmpReply> CallAsync(XtmpCall call, bool isMessage)
    {
        if (FindMethod(call) is not { } method)
        {
            return new(NotServed(call));
        }

        var turn = new CallTurn(call, method);
        call.Turn = turn;
        var running = RunAsync(turn, leavesScheduler: isMessage);
        if (method is IOneWayMethod && !running.IsCompleted)
        {
            // Accepted is all a sender hears.
            call.Turn = null;
            _services.Activity.Add();
            _ = AcceptAsync(running, _services.Activity);
            return new(XtmpReply.Accepted);
        }

        return running.IsCompletedSuccessfully && running.Result.Hold is null && turn.Check is null && turn.Deferred is null
            ? new(ToReply(turn, running.Result))
            : FinishAsync(turn, running, isCounted: !isMessage);
    }

    private async ValueTask<XtmpReply> FinishAsync(CallTurn turn, ValueTask<TurnOutcome> running, bool isCounted)
    {
        var outcome = await running.ConfigureAwait(false);
        if (turn.Deferred is { } deferred && outcome is { Error: null, IsMoved: false })
        {
            var waiting = _deferred.WaitAsync(turn, deferred, isCounted);
            if (_services.Local.IsEnding)
            {
                Leave();
            }

            return await waiting.ConfigureAwait(false);
        }

        // The grain is free meanwhile.
        if (outcome.Hold is not null && await outcome.Hold.ConfigureAwait(false) is { } refusal)
        {
            return XtmpReply.Of(refusal);
        }

        return outcome is { Error: null, IsMoved: false } && turn.Check is { } check && await _services.Verifications.RunAsync(turn.Session, check).ConfigureAwait(false) is { } failure
            ? XtmpReply.Of(failure)
            : ToReply(turn, outcome);
    }

    private static XtmpReply ToReply(CallTurn turn, in TurnOutcome outcome) =>
        outcome.IsMoved ? XtmpReply.Moved : outcome.Error is { } error ? XtmpReply.Of(error) : XtmpReply.Of(turn.Reply);

    private MethodDescriptor? FindMethod(XtmpCall call) => call.Method ?? _services.Kinds.FindMethod(Id.Kind, call.MethodName);

    private XtmpReply NotServed(XtmpCall call) =>
        XtmpReply.Of(new XtmpException(XtmpErrorCode.NotServed, Fault.Peer, $"{Id.Kind} has no {call.MethodName}."));

    // Orleans sees no message, so it is told from time to time that the grain is in use. False where the grain is going.
    private bool TryKeepActive()
    {
        var now = Environment.TickCount64;
        if (now - Volatile.Read(ref _keptAt) <= _services.CollectionAge.TotalMilliseconds / 4)
        {
            return true;
        }

        Volatile.Write(ref _keptAt, now);
        try
        {
            _grain.StayActive(_services.CollectionAge);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    // Items come from a grain's code: its bugs are logged here and named to nobody. Null at the end.
    private async ValueTask<XtmpReply?> NextAsync(IAsyncEnumerator<IXtmpMessage> items, ValueTask<bool> moving, CancellationToken cancellationToken)
    {
        try
        {
            return await moving.ConfigureAwait(false) ? XtmpReply.Of(items.Current) : null;
        }
        catch (XtmpException refusal)
        {
            return XtmpReply.Of(refusal);
        }
        catch (Exception bug) when (!(bug is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            _services.Report(Id, "A stream of a grain failed.", bug);
            return XtmpReply.Of(new XtmpException(XtmpErrorCode.Internal, Fault.Peer, $"The stream of {Id.Kind} failed."));
        }
    }

    /// <summary>Runs one turn to its end. Never throws: what goes wrong is in the outcome.</summary>
    private async ValueTask<TurnOutcome> RunAsync(Turn turn, bool leavesScheduler = false)
    {
        if (_gate.Enter(turn.Session, turn.IsInternal) is not { } entered)
        {
            _services.Metrics.MailboxRefusals.Add(1);
            return new(new XtmpException(XtmpErrorCode.Overloaded, Fault.Peer, $"Too many calls wait for this {Id.Kind}.", retryable: true));
        }

        if (leavesScheduler)
        {
            await entered.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
        else if (!entered.IsCompleted)
        {
            await entered.ConfigureAwait(false);
        }

        try
        {
            if (_isLeaving)
            {
                return TurnOutcome.Moved;
            }

            if (turn.IsCancelled)
            {
                return Cancelled();
            }

            Begin(turn);
            if (_isLoaded || await LoadAsync().ConfigureAwait(false))
            {
                await turn.RunAsync(_grain, _running.Token).ConfigureAwait(false);
                if (await CommitAsync().ConfigureAwait(false))
                {
                    var hold = Announce();
                    Volatile.Write(ref _announced, _version);
                    if (_staged.Forget || _context.DeactivatesWhenDone)
                    {
                        Leave();
                    }

                    return new(null, hold);
                }
            }

            // Another silo has written: what this activation remembers is stale. Its successor runs the turn.
            _services.Metrics.Conflicts.Add(1);
            Leave();
            turn.CloseSubscriptions();
            return TurnOutcome.Moved;
        }
        catch (XtmpException refusal)
        {
            return Failed(turn, refusal);
        }
        catch (OperationCanceledException) when (turn.IsCancelled || _running.Token.IsCancellationRequested)
        {
            return Failed(turn, Cancelled().Error!);
        }
        catch (Exception bug)
        {
            // Its fields may be in any state.
            _services.Report(Id, "A grain failed in a turn.", bug);
            Leave();
            return Failed(turn, new XtmpException(XtmpErrorCode.Internal, Fault.Peer, $"The {Id.Kind} failed; nothing of this call was kept."));
        }
        finally
        {
            End();
            _services.Metrics.Turns.Add(1, _kindTag);
            _gate.Leave();
        }
    }

    private static TurnOutcome Cancelled() => new(Turn.GaveUp());

    private TurnOutcome Failed(Turn turn, XtmpException error)
    {
        _grain.RollBackState();
        turn.CloseSubscriptions();
        return new(error);
    }

    private void Begin(Turn turn)
    {
        _context.BeginTurn();
        _running.Begin(turn);
        turn.Begins(this);
        if (turn.IsCancelled)
        {
            CancelRunning(turn);
        }
    }

    private void End()
    {
        _staged.Clear();
        _running.End();
    }

    /// <summary>False after a version conflict.</summary>
    private async ValueTask<bool> LoadAsync()
    {
        var record = await _services.StoreAsync(_services.Store.LoadAsync(Id), Id).ConfigureAwait(false);
        try
        {
            _grain.LoadState(record.State);
        }
        catch (XtmpException damaged)
        {
            throw _services.StorageFailed(damaged, Id);
        }

        Volatile.Write(ref _version, record.Version);
        _reminders = record.Reminders.Count == 0 ? null : record.Reminders.ToDictionary(reminder => reminder.Name, StringComparer.Ordinal);
        try
        {
            await _grain.OnLoadedAsync().ConfigureAwait(false);
            if (_staged.Forget)
            {
                throw new InvalidOperationException("A grain cannot forget itself while it wakes up.");
            }

            // On its own, so that a turn that throws cannot undo what the grain believes it did when it woke up.
            if (!await CommitAsync().ConfigureAwait(false))
            {
                return false;
            }

            _ = Announce();
            _staged.Clear();
            Volatile.Write(ref _announced, _version);
        }
        catch
        {
            Leave();
            throw;
        }

        Volatile.Write(ref _isLoaded, true);
        _services.Metrics.Activations.Add(1, _kindTag);
        return true;
    }

    private async ValueTask<bool> CommitAsync()
    {
        var state = _grain.EncodeChangedState();
        if (state is null && !_staged.IsDurable)
        {
            return !_services.Store.IsShared || await _services.StoreAsync(_services.Store.ReadVersionAsync(Id), Id).ConfigureAwait(false) == _version;
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
            Settles = _running.Turn!.Settles,
        };
        var started = _services.Metrics.CommitDuration.Enabled ? Stopwatch.GetTimestamp() : 0;
        CommitOutcome outcome;
        try
        {
            outcome = await _services.Store.CommitAsync(commit).ConfigureAwait(false);
        }
        catch (XtmpException error) when (error.Code == XtmpErrorCode.StorageFull)
        {
            // Nothing is stored, and what this activation has loaded still holds.
            throw _services.StorageFailed(error, Id);
        }
        catch (XtmpException error)
        {
            // What is stored now is the store's to say, at the next load.
            Leave();
            throw error.Code == XtmpErrorCode.StorageUnavailable ? _services.StorageFailed(error, Id) : error;
        }

        if (commit is { ExpectedVersion: 0, Settles: false })
        {
            _services.StorageTook();
        }

        if (started != 0)
        {
            _services.Metrics.CommitDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        if (outcome == CommitOutcome.Conflict)
        {
            return false;
        }

        Volatile.Write(ref _version, _version + 1);
        _grain.StateCommitted();
        foreach (var write in _staged.Reminders)
        {
            if (write.Reminder is { } reminder)
            {
                (_reminders ??= new(StringComparer.Ordinal))[write.Name] = reminder;
                _services.ReminderSet?.Invoke(reminder.Due);
            }
            else
            {
                _reminders?.Remove(write.Name);
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

    /// <summary>The changes are durable: the world may see them. Gives what the turn's reply waits for.</summary>
    private Task<XtmpException?>? Announce()
    {
        foreach (var (topic, item) in _staged.Publications)
        {
            _services.Topics.Publish(topic, item);
        }

        foreach (var (call, reply) in _staged.Replies)
        {
            call.Release(XtmpReply.Of(reply));
        }

        return _staged.Messages.Count == 0 ? null : _outbox.Send(_staged.Messages, _version);
    }
}
