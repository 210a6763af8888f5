using System.Threading.Channels;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Client;

/// <summary>
/// A seat at a table: a peer that runs over a session, on one task. Calls may come from any thread. What is bet here is signed,
/// sent to the other seats and decided by a quorum of them.
/// </summary>
public sealed class GameTable : IAsyncDisposable
{
    private const int MaxWaiting = 4_096;
    private const int MaxRolls = 1_024;
    private const int MaxVouched = 2 * SeatSet.MaxSeats;

    /// <summary>How often a player asks to be let in, and how long one that asked is let in: a few times that.</summary>
    private static readonly TimeSpan JoinInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan VouchTime = TimeSpan.FromSeconds(30);

    /// <summary>How soon an archive that failed is tried again, and one that another seat has to fill first.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan GapInterval = TimeSpan.FromSeconds(1);

    private readonly GameClient _game;
    private readonly PeerSecrets _secrets;
    private readonly TableState _genesis;
    private readonly GameJournal? _journal;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly TablePeer _peer;
    private readonly Channel<Action> _work = Channel.CreateBounded<Action>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Channel<GameRoll> _rolls = Channel.CreateBounded<GameRoll>(new BoundedChannelOptions(MaxRolls) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Channel<GameMessage> _outgoing = Channel.CreateBounded<GameMessage>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
    private readonly ArchiveBacklog _backlog = new();
    private readonly SemaphoreSlim _archive = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _tasks;
    private readonly JoinRequest? _late;
    private readonly Dictionary<string, (TimeSpan At, ReadOnlyMemory<byte> Player)> _vouched = [];
    private readonly PendingOperations _pending = new();
    private TimeSpan _joinAt;
    private int _disposed;

    /// <summary>Ends with an error once nothing more happens here: disposed of, or what it needs has failed.</summary>
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TableState _state;
    private volatile RollParts? _parts;

    internal GameTable(GameClient game, PeerSecrets secrets, TableState genesis, string? journal, TimeProvider time, JoinRequest? late = null)
    {
        _game = game;
        _secrets = secrets;
        _genesis = genesis;
        _journal = journal is null ? null : new GameJournal(journal, genesis.GameId);
        _time = time;
        _late = late;
        _started = time.GetTimestamp();
        _peer = new TablePeer(secrets, genesis, TablePeerOptions.Relayed with { Admits = IsVouchedFor });
        _peer.Start(Now, _journal?.Records);
        _state = _peer.State;
        foreach (var decided in _peer.Log.Decided)
        {
            // It may have been decided right before this player died.
            _backlog.Add(decided);
        }

        try
        {
            Drain();
        }
        catch
        {
            _journal?.Dispose();
            throw;
        }

        _tasks = [.. new Func<Task>[] { RunAsync, FollowAsync, SendAsync, ArchiveAsync }.Select(part => Task.Run(() => UntilOverAsync(part)))];
    }

    /// <summary>What the seats agree on, as far as this one knows.</summary>
    public TableState State => _state;

    /// <summary>This player's seat; null once it has none.</summary>
    public int? Seat => _state.Seats?.Find(_secrets.PeerId.Span);

    /// <summary>Evidence against others.</summary>
    public IReadOnlyList<HeldEvidence> Evidence { get; private set; } = [];

    /// <summary>Cuts this peer off from the network and back again.</summary>
    public bool IsCut { get; set; }

    /// <summary>
    /// Rolls as they are decided, from the next on; the oldest are dropped where nobody reads. Ends with the table, with this
    /// player's seat and with this object; throws an <see cref="XtmpException"/> where the table cannot go on, such as on a full disk.
    /// </summary>
    public IAsyncEnumerable<GameRoll> Rolls => _rolls.Reader.ReadAllAsync();

    /// <summary>Bets at a craps table. Returns once the bet is decided.</summary>
    /// <inheritdoc cref="SubmitAsync"/>
    public Task BetAsync(CrapsBet bet, ulong amount, byte? point = null, CancellationToken cancellationToken = default) =>
        SubmitAsync(new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = bet, Amount = amount, Point = point }) }, cancellationToken);

    /// <summary>Gives the seat up; chips that are on no bet are paid out. Returns once that is decided.</summary>
    /// <inheritdoc cref="SubmitAsync"/>
    public Task LeaveAsync(CancellationToken cancellationToken = default) => SubmitAsync(new SeatLeave(), cancellationToken);

    /// <summary>Has an operation decided, and returns once it is. While a roll is awaited it waits for the next bets.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may be decided all the same.</param>
    /// <exception cref="XtmpException">
    /// <see cref="XtmpErrorCode.Conflict"/> with the reason where the table refuses it, <see cref="XtmpErrorCode.PermissionDenied"/>
    /// without a seat, <see cref="XtmpErrorCode.LimitExceeded"/> where too much waits, <see cref="XtmpErrorCode.OutcomeUnknown"/>
    /// where this seat was away while it was decided or dropped, <see cref="XtmpErrorCode.Cancelled"/> where it was cut off for long.
    /// </exception>
    public async Task SubmitAsync(TableOperation operation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task SubmittedAsync()
        {
            await _work.Writer.WriteAsync(() => Submit(operation, done), cancellationToken).ConfigureAwait(false);
            await done.Task.ConfigureAwait(false);
        }

        await UnlessOverAsync(SubmittedAsync(), cancellationToken).ConfigureAwait(false);
    }

    private void Submit(TableOperation operation, TaskCompletionSource done)
    {
        // What is refused now is refused for good, unless the table waits for a roll.
        var fault = _peer.State.Game.AwaitsRoll ? TableFault.None : _peer.FaultOf(operation, Now);
        if (_peer.Seat is null)
        {
            done.SetException(new XtmpException(XtmpErrorCode.PermissionDenied, Fault.Local, "This player has no seat."));
        }
        else if (fault != TableFault.None)
        {
            done.SetException(Refused(operation, fault));
        }
        else if (_peer.Submit(operation, Now) is { } sequence)
        {
            _pending.Add(sequence, done);
        }
        else
        {
            done.SetException(new XtmpException(XtmpErrorCode.LimitExceeded, Fault.Local, "Too many operations of this player wait to be decided.", retryable: true));
        }
    }

    /// <summary>What was overtaken by a later operation of this player, or found bets final for too long, is signed anew; what the table would not take now is refused with that reason.</summary>
    private void HandleLapsed(GameOperation operation, TableFault fault)
    {
        if (fault != TableFault.CutOff && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is { } body && _pending.Take(operation.Sequence) is { } waits)
        {
            Submit(body, waits);
        }
        else
        {
            _pending.End(operation.Sequence, new XtmpException(XtmpErrorCode.Cancelled, Fault.Network, $"This seat was cut off for more than {PartitionRecoveryManager.Emergency.TotalMinutes:0} minutes and dropped what waited.", retryable: true));
        }
    }

    /// <summary>What the table answers; where the game itself refuses, what that says.</summary>
    private XtmpException Refused(TableOperation operation, TableFault fault)
    {
        var reason = fault == TableFault.Game && operation is TableOperation.PlayArm { Value.Body: var body }
            ? _peer.State.Game.Play(_secrets.PeerId, new byte[16], body.Span).Fault.ToString()
            : fault.ToString();
        return new XtmpException(XtmpErrorCode.Conflict, Fault.Local, $"The table refuses it: {reason}.");
    }

    /// <summary>Waits until the state is such.</summary>
    public async Task WaitForAsync(Func<TableState, bool> holds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(holds);
        for (; ; )
        {
            var changed = Volatile.Read(ref _changed);
            if (holds(_state))
            {
                return;
            }

            await UnlessOverAsync(changed.Task, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for what happens here, or for the reason why it will not.</summary>
    private async Task UnlessOverAsync(Task task, CancellationToken cancellationToken)
    {
        await Task.WhenAny(task, _over.Task).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!task.IsCompletedSuccessfully && _over.Task.IsCompleted)
        {
            await _over.Task.ConfigureAwait(false);
        }

        await task.ConfigureAwait(false);
    }

    /// <summary>One of the tasks. Without one of them nothing goes on: whoever waits is told why.</summary>
    private async Task UntilOverAsync(Func<Task> part)
    {
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed of, or another task has failed.
        }
        catch (Exception error)
        {
            await EndAsync(error as XtmpException ?? new XtmpException(XtmpErrorCode.Internal, Fault.Local, $"The table cannot go on: {error.Message}", innerException: error)).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(XtmpException? error)
    {
        Tell(error);
        await _stop.CancelAsync().ConfigureAwait(false);
        _work.Writer.TryComplete();
    }

    /// <summary>Whoever waits, now or later, is told that nothing more comes; null where it was disposed of.</summary>
    private void Tell(XtmpException? error)
    {
        _over.TrySetException(error ?? (Exception)new ObjectDisposedException(nameof(GameTable)));
        _ = _over.Task.Exception;
        _rolls.Writer.TryComplete(error);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await EndAsync(null).ConfigureAwait(false);
        await Task.WhenAll(_tasks).ConfigureAwait(false);
        _journal?.Dispose();
        _archive.Dispose();
        _stop.Dispose();
    }

    private PeerTime Now => new(_time.GetElapsedTime(_started), _time.GetUtcNow());

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var wait = (_peer.PollTimeout() ?? TimeSpan.FromSeconds(1)) - Now.Elapsed;
            if (wait > TimeSpan.Zero)
            {
                using var due = new CancellationTokenSource(wait, _time);
                using var wake = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, due.Token);
                try
                {
                    await _work.Reader.WaitToReadAsync(wake.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
                {
                    // A timeout of the peer is due.
                }
            }

            while (_work.Reader.TryRead(out var work))
            {
                work();
                Drain();
            }

            _peer.HandleTimeout(Now);
            Drain();
            if (_late is not null && Seat is null && Now.Elapsed >= _joinAt)
            {
                _joinAt = Now.Elapsed + JoinInterval;
                _peer.Join(_late, Now);
                Drain();
            }
        }
    }

    /// <summary>The silo passes a request to join on only where the chips are set aside.</summary>
    private void Vouch(JoinRequest request)
    {
        Unvouch(vouched => Now.Elapsed - vouched.At >= VouchTime);
        if (_vouched.Count < MaxVouched)
        {
            _vouched[NameOf(request)] = (Now.Elapsed, request.Player);
        }
    }

    private void Unvouch(Func<(TimeSpan At, ReadOnlyMemory<byte> Player), bool> isOver)
    {
        foreach (var over in _vouched.Where(pair => isOver(pair.Value)).Select(pair => pair.Key).ToArray())
        {
            _vouched.Remove(over);
        }
    }

    private bool IsVouchedFor(JoinRequest request) => _vouched.TryGetValue(NameOf(request), out var vouched) && Now.Elapsed - vouched.At < VouchTime;

    private static string NameOf(JoinRequest request) => Convert.ToHexString(Sha256.HashData(EncodedOperation.Of(request)));

    /// <summary>Envelopes of the others. A session that is lost is replaced, and the stream begins anew; what was missed the peers repair.</summary>
    private async Task FollowAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var item in _game.FollowAsync(new GameSubscribe { GameId = _genesis.GameId }, new CallContext(CancellationToken: _stop.Token)).ConfigureAwait(false))
                {
                    var message = item.Envelope;
                    if (!IsCut && !message.Sender.Span.SequenceEqual(_secrets.PeerId.Span) && (item.To is not { } to || to.Span.SequenceEqual(_secrets.PeerId.Span)))
                    {
                        await _work.Writer.WriteAsync(() => Handle(message), _stop.Token).ConfigureAwait(false);
                    }
                }
            }
            catch (XtmpException)
            {
                // Begun anew.
            }

            await Task.Delay(RetryInterval, _time, _stop.Token).ConfigureAwait(false);
        }
    }

    private void Handle(ConsensusMessage message)
    {
        if (message.Payload is ConsensusPayload.JoinRequestArm { Value: var request })
        {
            Vouch(request);
        }

        _peer.HandleMessage(message, Now);
    }

    private async Task SendAsync()
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            try
            {
                await _game.DeliverAsync(message, new CallContext(CancellationToken: _stop.Token)).ConfigureAwait(false);
            }
            catch (XtmpException)
            {
                // Lost, as on any network: the peers repeat what matters.
            }
        }
    }

    /// <summary>Hands in what was decided, and this seat's knowledge of a roll in progress: should the seats fall silent, the silo tells by it who kept the roll from its outcome.</summary>
    private async Task ArchiveAsync()
    {
        RollParts? handedIn = null;
        var height = 0UL;
        for (; ; )
        {
            var batch = _backlog.After(height, out var isBehind);
            var before = height;
            var wait = RetryInterval;
            var parts = _parts;
            if (batch.Count == 0 && !isBehind && (parts is null || parts == handedIn))
            {
                await _archive.WaitAsync(_stop.Token).ConfigureAwait(false);
                continue;
            }

            try
            {
                var reply = await _game.ArchiveAsync(new GameArchive { GameId = _genesis.GameId, Decided = [.. batch], Reveals = parts?.Reveals ?? [] }, new CallContext(CancellationToken: _stop.Token)).ConfigureAwait(false);
                height = reply.Height;
                if (reply.Phase == GamePhase.Settled)
                {
                    return;
                }

                // Parts of a roll that the silo has not seen begin say nothing to it yet.
                handedIn = parts is null || height >= parts.Height ? parts : handedIn;
                if (parts == handedIn && (height != before || (!isBehind && batch.Count == 0)))
                {
                    continue;
                }

                // One that is being paid out takes nothing more.

                wait = isBehind ? GapInterval : wait;
            }
            catch (XtmpException error) when (error.Fault == Fault.Peer && error.Code is XtmpErrorCode.SignatureInvalid)
            {
                // It has another height than this seat believed. What it has it ignores, and says how far that goes.
                height = 0;
                wait = GapInterval;
            }
            catch (XtmpException)
            {
                // Tried again.
            }

            await Task.Delay(wait, _time, _stop.Token).ConfigureAwait(false);
        }
    }

    private void Drain()
    {
        while (_peer.PollEffect() is { } effect)
        {
            switch (effect)
            {
                case PeerEffect.Send(var to, var message):
                    if (!IsCut)
                    {
                        _outgoing.Writer.TryWrite(new GameMessage { GameId = _genesis.GameId, Envelope = message, To = to });
                    }

                    break;
                case PeerEffect.Persist(var record, var intent):
                    _journal?.Append(record);
                    if (intent is not null)
                    {
                        _peer.HandlePersisted(intent, Now);
                    }

                    break;
                case PeerEffect.Rewrite(var records):
                    _journal?.Rewrite(records);
                    break;
                case PeerEffect.Applied(var decided, var applied):
                    _backlog.Add(decided);
                    Archive();
                    Publish(decided, applied);
                    foreach (var operation in decided.Value.Operations.Where(operation => operation.Player.Span.SequenceEqual(_secrets.PeerId.Span)))
                    {
                        _pending.End(operation.Sequence, null);
                    }

                    if (Seat is null)
                    {
                        _pending.EndUpTo(ulong.MaxValue);
                    }


                    // Its chips are at the table now: they let nobody in a second time.
                    Unvouch(vouched => applied.Seats?.Find(vouched.Player.Span) is not null);
                    break;
                case PeerEffect.Lapsed(var lapsed, var fault):
                    HandleLapsed(lapsed, fault);
                    break;
                case PeerEffect.CaughtUp(var caught):
                    _pending.EndUpTo(caught.Seats?.Find(_secrets.PeerId.Span) is { } seat ? caught.Snapshot.Sequences[seat].Last : ulong.MaxValue);
                    Change(caught);
                    break;
                case PeerEffect.Forked(_, _, var culprits):
                    // Nothing is decided any more; the peer stays for those that look for the proof.
                    Tell(new XtmpException(XtmpErrorCode.Conflict, Fault.Peer, $"Two quorums have certified different values for one height: more seats cheat than this table bears. Proved guilty: {(culprits.Count == 0 ? "nobody yet" : string.Join(", ", culprits.Select(seat => Convert.ToHexStringLower(seat.Peer.Span))))}."));
                    break;
                case PeerEffect.Suspected(var evidence):
                    Evidence = [.. Evidence.TakeLast(63), evidence];
                    break;
            }
        }

        // With a coin nobody is to blame for a roll that stands still.
        var state = _peer.State;
        if (state.UsesCoin || !state.Game.AwaitsRoll)
        {
            _parts = null;
        }
        else if (_peer.Reveals is { Count: > 0 } reveals && (_parts is not { } known || known.Height != state.Height || known.Reveals.Count != reveals.Count))
        {
            _parts = new RollParts(state.Height, [.. reveals]);
            Archive();
        }
    }

    private void Archive()
    {
        if (_archive.CurrentCount == 0)
        {
            _archive.Release();
        }
    }

    private void Publish(DecidedValue decided, TableState state)
    {
        foreach (var operation in decided.Value.Operations)
        {
            if (EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.RollArm { Value: var outcome })
            {
                var (first, second) = Dice.Of(outcome.Randomness.Span);
                _rolls.Writer.TryWrite(new GameRoll(outcome.Roll, first, second, state.Height));
            }
        }

        Change(state);
    }

    private void Change(TableState state)
    {
        var isGone = Seat is not null && state.Seats?.Find(_secrets.PeerId.Span) is null;
        _state = state;
        if (isGone || state.Snapshot.Closed)
        {
            _rolls.Writer.TryComplete();
        }

        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Parts of the roll that is awaited after a height.</summary>
    private sealed record RollParts(ulong Height, ValueList<RandomnessReveal> Reveals);
}
