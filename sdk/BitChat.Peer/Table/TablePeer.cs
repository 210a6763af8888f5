using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// A peer at a table: agreement, randomness, gossip, catching up, partitions and anti-cheat, joined. The same on a device, in a
/// grain and in the simulator. Not safe for concurrent use.
/// <para>Drain rule: after any Handle… or Submit call, take effects with <see cref="PollEffect"/> until it returns null, and
/// carry each out before the next; then call <see cref="HandleTimeout"/> when <see cref="PollTimeout"/> says.</para>
/// </summary>
public sealed partial class TablePeer
{
    private readonly PeerSecrets _secrets;
    private readonly TablePeerOptions _options;
    private readonly ConsensusRules _consensusRules;
    private readonly TableMutations _mutations;
    private readonly TableRules _rules;
    private readonly ProofCache _cache = new();
    private readonly OperationPool _pool = new();
    private readonly RollDesk _roll = new();
    private readonly CheckpointDesk _checkpoints;
    private readonly StateSynchronizer _synchronizer;
    private readonly PartitionRecoveryManager _partitions = new();
    private readonly AntiCheatValidator _antiCheat = new();
    private readonly MessageGate _gate;
    private readonly Queue<PeerEffect> _effects = new();
    private readonly PriorityQueue<Timer, (TimeSpan At, long Order)> _timers = new();
    private readonly TableValues _values;
    private readonly uint[] _numbers = new uint[SeatSet.MaxSeats];
    private readonly ulong[] _held = new ulong[SeatSet.MaxSeats];
    private readonly TimeSpan?[] _answeredAt = new TimeSpan?[SeatSet.MaxSeats];
    private readonly AnswerBudget[] _answers = new AnswerBudget[SeatSet.MaxSeats];
    private readonly Dictionary<int, GameOperation> _commitOperations = [];
    private readonly List<JournalIntent> _intents = [];
    private TableLog _log;
    private ConsensusCoordinator? _consensus;
    private PeerTime _now;
    private TimeSpan? _bettingSince;
    private TimeSpan? _strangerAnsweredAt;
    private TimeSpan _gossipAt;
    private ulong _lastSequence;
    private bool _isRunning;
    private bool _isForked;
    private bool _isForkShown;
    private bool _isForkProved;
    private int _gossipTurn;
    private byte _leaderAccepts;
    private long _order;

    /// <param name="secrets">Who this peer is.</param>
    /// <param name="genesis">The table before its first height; the same at every seat.</param>
    /// <param name="options">Times and bounds; null: the defaults.</param>
    public TablePeer(PeerSecrets secrets, TableState genesis, TablePeerOptions? options = null)
        : this(secrets, genesis, options ?? new TablePeerOptions(), ConsensusRules.Sound, TableMutations.None)
    {
    }

    internal TablePeer(PeerSecrets secrets, TableState genesis, TablePeerOptions options, ConsensusRules consensusRules, TableMutations mutations)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        ArgumentNullException.ThrowIfNull(genesis);
        _secrets = secrets;
        _options = options;
        _consensusRules = consensusRules;
        _mutations = mutations;
        _rules = new TableRules(secrets.Signatures, secrets.Group, _cache) { Mutations = mutations };
        _checkpoints = new CheckpointDesk(secrets.Signatures);
        _synchronizer = new StateSynchronizer(genesis.GameId, secrets.Signatures, mutations);
        _gate = new MessageGate(secrets, genesis.GameId);
        _values = new TableValues(this);
        _log = new TableLog(genesis);
        State = genesis;
    }

    /// <summary>What the seats agree on.</summary>
    public TableState State { get; private set; }

    /// <summary>This peer's seat; null while it has none.</summary>
    public int? Seat => State.Seats?.Find(_secrets.PeerId.Span);

    /// <summary>True while fewer seats than a quorum are within reach.</summary>
    public bool IsPaused => _partitions.IsPaused;

    /// <summary>Evidence, trust and counts of inputs.</summary>
    public AntiCheatValidator AntiCheat => _antiCheat;

    /// <summary>Parts of the roll in progress that this peer holds.</summary>
    public IReadOnlyList<RandomnessReveal> Reveals => _roll.All;

    /// <summary>What is kept of the past.</summary>
    public TableLog Log => _log;

    /// <summary>The next thing to do, or null.</summary>
    public PeerEffect? PollEffect() => _effects.TryDequeue(out var effect) ? effect : null;

    /// <summary>When <see cref="HandleTimeout"/> is due, on <see cref="PeerTime.Elapsed"/>; null before the start.</summary>
    public TimeSpan? PollTimeout() => _timers.TryPeek(out _, out var due) ? due.At : null;

    /// <summary>Begins; after a restart with the records of the journal, in order.</summary>
    public void Start(PeerTime now, IEnumerable<JournalRecord>? journal = null)
    {
        _now = now;
        var isNew = true;
        var decided = new Dictionary<ulong, DecidedValue>();
        foreach (var record in journal ?? [])
        {
            isNew = false;
            switch (record)
            {
                case JournalRecord.BaseArm { Value: var start } when TableState.Parse(State.GameId, start.Height, start.State) is { } state:
                    State = state;
                    _log.Reset(state, start.Checkpoint, start.Epochs);
                    break;
                case JournalRecord.DecidedArm { Value: var value }:
                    decided[value.Value.Height] = value;
                    break;
                case JournalRecord.IntentArm { Value: var intent }:
                    _intents.Add(intent);
                    break;
            }
        }

        // By height, not by place: a value that was lost and came again stands behind later ones.
        while (decided.TryGetValue(State.Height + 1, out var next) && _rules.Apply(State, next.Value, out _) is { } after)
        {
            Remember(next, after);
            var epoch = State.Snapshot.Epoch;
            State = after;
            if (after.Snapshot.Epoch == epoch)
            {
                // What was signed before the restart may never have come to the others.
                StartCheckpoint(after);
            }
        }

        if (isNew)
        {
            Rewrite();
        }

        _gossipTurn = _secrets.PeerId.Span[0];

        // What was signed before a restart and is not decided yet may still come: a sequence is not given to two operations.
        _lastSequence = Seat is { } seat ? State.Snapshot.Sequences[seat].Last + (isNew ? 0UL : 2 * OperationPool.MaxPerSeat) : 0;
        NewCoordinator();
        ScheduleGossip(_options.GossipInterval);
        SetTimer(TimerKind.Heartbeat, TimeSpan.Zero);

        // Those of later heights stay: what was decided may have been lost where what was signed was not.
        _intents.RemoveAll(intent => intent.Height <= State.Height);
        if (_consensus is not null && _intents.Exists(intent => intent.Height == State.Height + 1))
        {
            Run();
        }

        Turn();
    }

    /// <summary>Signs an operation and has it decided.</summary>
    /// <returns>Its sequence; null where this peer has no seat or too many operations wait.</returns>
    public ulong? Submit(TableOperation operation, PeerTime now)
    {
        ArgumentNullException.ThrowIfNull(operation);
        _now = now;
        var sequence = Seat is { } seat && _pool.Count(seat) < OperationPool.MaxPerSeat - OperationPool.Reserved ? Enqueue(operation) : null;
        Advance();
        return sequence;
    }

    /// <summary>Whether an operation of this seat could be decided now, apart from what waits.</summary>
    public TableFault FaultOf(TableOperation operation, PeerTime now)
    {
        ArgumentNullException.ThrowIfNull(operation);
        _now = now;
        return Seat is { } seat
            ? Assess(new GameOperation { OperationId = new byte[16], Player = _secrets.PeerId, Sequence = Math.Max(State.Snapshot.Sequences[seat].Last, _pool.Highest(seat)) + 1, Body = EncodedOperation.Of(operation), Signature = default })
            : TableFault.UnknownSeat;
    }

    /// <summary>An operation of the game.</summary>
    public ulong? Play(ReadOnlyMemory<byte> body, PeerTime now) => Submit(new GamePlay { Body = body }, now);

    /// <summary>Asks the seats to let this peer in.</summary>
    /// <param name="request">Signed by this peer (<see cref="PeerSecrets.Request"/>).</param>
    /// <param name="now">Now.</param>
    public void Join(JoinRequest request, PeerTime now)
    {
        ArgumentNullException.ThrowIfNull(request);
        _now = now;
        Send(request, null);
    }

    /// <summary>An intent is durable: it is signed and sent.</summary>
    public void HandlePersisted(SignedIntent intent, PeerTime now)
    {
        _now = now;
        _consensus?.HandlePersisted(intent);
        Advance();
    }

    /// <summary>Does what is due.</summary>
    public void HandleTimeout(PeerTime now)
    {
        _now = now;
        while (_timers.TryPeek(out var timer, out var due) && due.At <= now.Elapsed)
        {
            _timers.Dequeue();
            switch (timer.Kind)
            {
                case TimerKind.Consensus:
                    if (timer.Coordinator == _consensus && _isRunning)
                    {
                        _consensus!.HandleTimeout(timer.Timeout);
                    }

                    break;
                case TimerKind.Gossip when due.At == _gossipAt:
                    Gossip();
                    EndBetting();
                    ScheduleGossip(IsBusy ? _options.GossipInterval : _options.IdleGossipInterval);
                    break;
                case TimerKind.Heartbeat:
                    Heartbeat();
                    SetTimer(TimerKind.Heartbeat, _options.HeartbeatInterval);
                    break;
            }

            Advance();
        }
    }

    private bool IsBusy => _isRunning || State.Game.AwaitsRoll || !_pool.IsEmpty || (_options.BettingWindow is not null && State.Game.Close is not null);

    private void ScheduleGossip(TimeSpan after)
    {
        _gossipAt = _now.Elapsed + after;
        SetTimer(TimerKind.Gossip, after);
    }

    private void SetTimer(TimerKind kind, TimeSpan after, ConsensusTimeout timeout = default) =>
        _timers.Enqueue(new Timer(kind, timeout, kind == TimerKind.Consensus ? _consensus : null), (_now.Elapsed + after, _order++));

    private void Send(ConsensusPayload payload, ReadOnlyMemory<byte>? to) =>
        _effects.Enqueue(new PeerEffect.Send(to, _gate.Seal(payload, _secrets.PeerId, State.Height + 1, _now.Clock)));

    /// <summary>Sends another seat's self-signed message on.</summary>
    private void Relay(ConsensusPayload payload, ReadOnlyMemory<byte> sender, ReadOnlyMemory<byte>? to) =>
        _effects.Enqueue(new PeerEffect.Send(to, _gate.Seal(payload, sender, State.Height + 1, _now.Clock)));

    private ReadOnlyMemory<byte>? PeerOf(int? seat) => seat is { } number ? State.Seats![number].Peer : default(ReadOnlyMemory<byte>?);

    /// <summary>Signs an operation with the next sequence.</summary>
    private GameOperation Sign(TableOperation operation)
    {
        _lastSequence = Math.Max(_lastSequence, Math.Max(State.Snapshot.Sequences[Seat!.Value].Last, _pool.Highest(Seat.Value))) + 1;
        var unsigned = new GameOperation
        {
            OperationId = Sha256.HashData([.. "BITCHAT1 operation id"u8, .. _secrets.Seed.Span, .. State.GameId.Span, .. BitConverter.GetBytes(_lastSequence), .. EncodedOperation.Of(operation)])[..16],
            Player = _secrets.PeerId,
            Sequence = _lastSequence,
            Body = EncodedOperation.Of(operation),
            Signature = default,
        };
        return unsigned with { Signature = _secrets.Signatures.Sign(PeerIds.OperationText(State.GameId.Span, unsigned)) };
    }

    private ulong? Enqueue(TableOperation operation)
    {
        if (Seat is not { } seat)
        {
            return null;
        }

        var signed = Sign(operation);
        if (signed.Body.Length > TableRules.MaxBodyBytes || _pool.Add(seat, signed) != PeerInput.Taken)
        {
            return null;
        }

        Send(signed, null);
        return signed.Sequence;
    }

    /// <summary>Says what this seat has to the next other seat, and asks whoever is ahead.</summary>
    private void Gossip()
    {
        AskAhead();
        if (State.Seats is not { } seats)
        {
            return;
        }

        if (Seat is not { } self)
        {
            // Without a seat there is nobody to hear from: it asks.
            Send(_synchronizer.RequestFrom(State), seats[_gossipTurn++ % seats.Count].Peer);
            return;
        }

        var to = _gossipTurn++ % (seats.Count - 1);
        to += to >= self ? 1 : 0;
        Send(HaveFor(to), seats[to].Peer);
        if (IsPaused)
        {
            // The others may have gone on without it, or closed the table: to those that have no seat any more nobody speaks of itself.
            Send(_synchronizer.RequestFrom(State), seats[to].Peer);
        }

        foreach (var operation in _pool.ToRepeat(self))
        {
            foreach (var seat in seats.Seats.Where(seat => seat.Number != self && _held[seat.Number] < operation.Sequence))
            {
                Send(operation, seat.Peer);
            }
        }

        if (IsRotationDue() && State.Snapshot.Term is var term)
        {
            Send(new LeaderProposal { Term = term + 1, Leader = seats[(State.Snapshot.Leader + 1) % seats.Count].Peer, StartsAtHeight = State.Height + 1 }, null);
        }
    }

    /// <summary>Asks whoever is ahead for what this peer lacks, one peer at a time.</summary>
    private void AskAhead()
    {
        if (_synchronizer.Poll(State.Height, peer => _antiCheat.TrustIn(peer.Span, _now.Elapsed), _now.Elapsed) is { } ahead)
        {
            Send(_synchronizer.RequestFrom(State), ahead);
        }
    }

    private Have HaveFor(int to)
    {
        var pending = _checkpoints.Pending;
        return new Have
        {
            Epoch = State.Snapshot.Epoch,
            Height = State.Height + 1,
            Number = ++_numbers[to],
            Rounds = _isRunning ? [.. _consensus!.Have()] : [],
            Sequences = Sequences(),
            Roll = State.Game.Roll,
            Reveals = _roll.Bits,
            CheckpointHeight = pending?.Height ?? 0,
            CheckpointSignatures = pending is null ? (byte)0 : _checkpoints.Bits,
        };
    }

    /// <summary>The latest operation of each seat that is decided or held.</summary>
    private ValueList<ulong> Sequences()
    {
        var sequences = new ulong[State.Snapshot.Sequences.Count];
        for (var seat = 0; seat < sequences.Length; seat++)
        {
            sequences[seat] = Math.Max(State.Snapshot.Sequences[seat].Last, _pool.Highest(seat));
        }

        return ValueList.TakeOver(sequences);
    }

    private void Heartbeat()
    {
        if (State.Seats is not { } seats || Seat is not { } self)
        {
            return;
        }

        var before = _partitions.Strategy;
        _partitions.Assess(seats, self, State.Height, _now.Elapsed);
        if (_partitions.Strategy != before)
        {
            _effects.Enqueue(new PeerEffect.Partition(_partitions.Strategy));
            if (_partitions.Strategy == RecoveryStrategy.EmergencyRollback)
            {
                foreach (var operation in _pool.Above(self, 0))
                {
                    _effects.Enqueue(new PeerEffect.Lapsed(operation, TableFault.CutOff));
                }

                // What it owes the table it still owes.
                _pool.Clear();
                Turn();
            }
        }

        if (_partitions.Strategy is { } strategy)
        {
            var reachable = _partitions.Reachable(seats, self, _now.Elapsed);
            foreach (var seat in seats.Seats.Where(seat => strategy is RecoveryStrategy.ActiveReconnection or RecoveryStrategy.EmergencyRollback && !reachable.Contains(seat)))
            {
                _effects.Enqueue(new PeerEffect.Reconnect(seat.Peer));
            }

            Send(
                new PartitionRecovery
                {
                    Strategy = strategy,
                    Epoch = seats.Epoch,
                    Reachable = [.. reachable.Select(seat => seat.Peer)],
                    LastCertificate = _log.Decided.Count == 0 ? null : _log.Decided[^1].Certificate,
                    StateRoot = State.Root,
                },
                null);
        }

        Send(new PeerHeartbeat { View = _partitions.View(seats, self, State.Height, _isRunning ? _consensus!.Round : 0, State.Root, _now.Elapsed), Power = PowerState.Active, Battery = null }, null);
    }

    private enum TimerKind : byte
    {
        Consensus,
        Gossip,
        Heartbeat,
    }

    private readonly record struct Timer(TimerKind Kind, ConsensusTimeout Timeout, ConsensusCoordinator? Coordinator);
}
