using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// Catches up with peers that are ahead: by the values it lacks where the gap is small, else by a certified checkpoint, its
/// state in pieces and the values since. Nothing is applied before it is verified: the seats follow from what earlier seats
/// decided, a checkpoint from a quorum's signatures, a piece from its path to the certified root. One peer is asked at a time;
/// they take turns, and one that lies is left out for a minute.
/// </summary>
public sealed class StateSynchronizer
{
    /// <summary>Values in one message.</summary>
    public const int MaxDeltas = 64;

    /// <summary>Pieces in one message.</summary>
    public const int PiecesPerMessage = 32;

    /// <summary>Changes of seats in one message.</summary>
    private const int MaxSteps = 16;

    private const int MaxBytes = 48 * 1_024;

    /// <summary>Peers without a seat that are kept in turn beside those that have one.</summary>
    private const int MaxStrangers = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ReadOnlyMemory<byte> _game;
    private readonly ISeatSignatures _signatures;
    private readonly TableMutations _mutations;
    private readonly Dictionary<ValueId, Ahead> _ahead = [];
    private readonly List<EpochStep> _walked = [];
    private SeatSet? _walkedTo;
    private Assembly? _assembly;
    private (ReadOnlyMemory<byte> Peer, TimeSpan Until)? _asked;
    private (ReadOnlyMemory<byte> Peer, TimeSpan Until)? _stranger;
    private long _turn;

    internal StateSynchronizer(ReadOnlyMemory<byte> game, ISeatSignatures signatures, TableMutations mutations)
    {
        _game = game;
        _signatures = signatures;
        _mutations = mutations;
    }

    /// <summary>A peer says that it has decided up to that height.</summary>
    public void HandleAhead(ReadOnlyMemory<byte> peer, ulong height, TimeSpan now)
    {
        var id = ValueId.Of(peer.Span);
        if (_ahead.TryGetValue(id, out var known))
        {
            _ahead[id] = known with { Height = height };
        }
        else
        {
            if (_ahead.Count >= 2 * SeatSet.MaxSeats)
            {
                // More than there are seats: some have gone. Whoever was asked last gives way, since it was of no use.
                _ahead.Remove(_ahead.MaxBy(static pair => pair.Value.Turn).Key);
            }

            _ahead[id] = new Ahead(peer, height, now, 0, IsStranger: false);
        }
    }

    /// <summary>One without a seat says so. It comes last in turn, and goes once it was silent or lied.</summary>
    internal void HandleStranger(ReadOnlyMemory<byte> peer, ulong height, TimeSpan now)
    {
        var id = ValueId.Of(peer.Span);
        if (!_ahead.ContainsKey(id) && _ahead.Values.Count(ahead => ahead.IsStranger) < MaxStrangers)
        {
            _ahead[id] = new Ahead(peer, height, now, ++_turn, IsStranger: true);
        }
    }

    /// <summary>True while an answer of that stranger is awaited.</summary>
    internal bool HasAskedStranger(ReadOnlySpan<byte> peer, TimeSpan now) => _stranger is { } stranger && now < stranger.Until && stranger.Peer.Span.SequenceEqual(peer);

    /// <summary>It was of use: more of it may come.</summary>
    internal void HeedFurther(ReadOnlyMemory<byte> peer, TimeSpan now) => _stranger = (peer, now + Patience);

    /// <summary>A peer lied: it is not asked again for a minute. What was verified before stays, whoever sent it.</summary>
    public void Leave(ReadOnlySpan<byte> peer, TimeSpan now)
    {
        var id = ValueId.Of(peer);
        if (_ahead.TryGetValue(id, out var known))
        {
            _ahead[id] = known with { LeftUntil = now + TimeSpan.FromMinutes(1) };
            if (known.IsStranger)
            {
                _ahead.Remove(id);
                _stranger = null;
            }
        }

        HandleAnswer(peer);
    }

    /// <summary>The peer to ask now with <see cref="RequestFrom"/>; null while an answer is awaited or nobody is ahead.</summary>
    /// <param name="height">This peer's decided height.</param>
    /// <param name="trust">How far it trusts another.</param>
    /// <param name="now">Now.</param>
    public ReadOnlyMemory<byte>? Poll(ulong height, Func<ReadOnlyMemory<byte>, double> trust, TimeSpan now)
    {
        if (_ahead.Count == 0)
        {
            return null;
        }

        foreach (var done in _ahead.Where(pair => pair.Value.Height <= height).Select(pair => pair.Key).ToArray())
        {
            _ahead.Remove(done);
        }

        if (_asked is { } asked && now < asked.Until)
        {
            return null;
        }

        if (_asked is { } silent && _ahead.TryGetValue(ValueId.Of(silent.Peer.Span), out var other) && other.IsStranger)
        {
            _ahead.Remove(ValueId.Of(silent.Peer.Span));
        }

        // In turn: who claims most and answers nothing of use would otherwise be asked for ever.
        var candidates = _ahead.Where(pair => pair.Value.LeftUntil <= now).ToArray();
        if (candidates.Length == 0)
        {
            return null;
        }

        var (id, best) = candidates.MinBy(pair => (pair.Value.Turn, -trust(pair.Value.Peer), ulong.MaxValue - pair.Value.Height));
        _ahead[id] = best with { Turn = ++_turn };
        _asked = (best.Peer, now + Patience);
        _stranger = best.IsStranger ? _asked : _stranger;
        return best.Peer;
    }

    /// <summary>Asks for what is missing. The changes of seats that were already followed are not asked for again.</summary>
    public StateSync RequestFrom(TableState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new StateSync { Phase = StateSyncPhase.Request, FromHeight = state.Height + 1, ToHeight = ulong.MaxValue, StateRoot = state.Root, Checkpoint = null, Chunks = [], Deltas = [], Epoch = Math.Max(state.Snapshot.Epoch, _walkedTo?.Epoch ?? 0), Epochs = [] };
    }

    /// <summary>Answers a request, from what is kept.</summary>
    public static IEnumerable<StateSync> Answer(StateSync request, TableState state, TableLog log)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(log);
        var from = request.FromHeight;
        if (from > state.Height)
        {
            yield break;
        }

        if (log.From(from, 1).Count == 0 && log.Checkpoint is { } checkpoint && checkpoint.Height >= from)
        {
            EpochStep[] steps = [.. log.Epochs.Where(step => step.Decided.Value.Height <= checkpoint.Height && step.Decided.Certificate.Epoch >= request.Epoch)];
            var bytes = 0;
            EpochStep[] first = [.. steps.Take(MaxSteps).TakeWhile(step => (bytes += step.GetEncodedSize()) <= MaxBytes || bytes == step.GetEncodedSize())];
            if (first.Length < steps.Length)
            {
                // The way of the seats is longer than a message: the other asks again from where this part of it ends.
                yield return new StateSync { Phase = StateSyncPhase.Checkpoint, FromHeight = checkpoint.Height, ToHeight = checkpoint.Height, StateRoot = state.Root, Checkpoint = null, Chunks = [], Deltas = [], Epoch = state.Snapshot.Epoch, Epochs = [.. first] };
                yield break;
            }

            var pieces = log.Base.Pieces;
            for (var piece = 0; piece < pieces.Count; piece += PiecesPerMessage)
            {
                yield return new StateSync
                {
                    Phase = StateSyncPhase.Checkpoint,
                    FromHeight = checkpoint.Height,
                    ToHeight = checkpoint.Height,
                    StateRoot = state.Root,
                    Checkpoint = checkpoint,
                    Chunks = [.. Enumerable.Range(piece, Math.Min(PiecesPerMessage, pieces.Count - piece)).Select(pieces.PieceAt)],
                    Deltas = [],
                    Epoch = state.Snapshot.Epoch,
                    Epochs = [.. first],
                };
            }

            from = checkpoint.Height + 1;
        }

        if (Deltas(from, state, log) is { } deltas)
        {
            yield return deltas;
        }
    }

    /// <summary>Values from a height on, as many as fit one message; null where the first is not kept.</summary>
    public static StateSync? Deltas(ulong from, TableState state, TableLog log)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(log);
        var bytes = 0;
        DecidedValue[] deltas = [.. log.From(from, MaxDeltas).TakeWhile(decided => (bytes += decided.GetEncodedSize()) <= MaxBytes || bytes == decided.GetEncodedSize())];
        return deltas.Length == 0 ? null : new StateSync
        {
            Phase = StateSyncPhase.Deltas,
            FromHeight = from,
            ToHeight = deltas[^1].Value.Height,
            StateRoot = state.Root,
            Checkpoint = null,
            Chunks = [],
            Deltas = [.. deltas],
            Epoch = state.Snapshot.Epoch,
            Epochs = [],
        };
    }

    /// <summary>An answer came; the next may be asked for.</summary>
    public void HandleAnswer(ReadOnlySpan<byte> peer)
    {
        if (_asked is { } asked && asked.Peer.Span.SequenceEqual(peer))
        {
            _asked = null;
        }
    }

    /// <summary>Takes pieces of a checkpoint, and how the seats changed up to it.</summary>
    /// <param name="message">What came.</param>
    /// <param name="state">This peer's state.</param>
    /// <param name="whole">The state of the checkpoint once all pieces are there, with how the seats changed up to it.</param>
    public PeerInput HandleCheckpoint(StateSync message, TableState state, out (TableState State, Checkpoint Checkpoint, IReadOnlyList<EpochStep> Epochs)? whole)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(state);
        whole = null;
        if (message.Checkpoint is { } certified && certified.Height <= state.Height || state.Seats is not { } seats)
        {
            return PeerInput.NotNow;
        }

        if (_walkedTo is { } there && there.Epoch > seats.Epoch)
        {
            seats = there;
        }
        else
        {
            _walked.Clear();
            _walkedTo = null;
        }

        var known = seats.Epoch;
        foreach (var step in message.Epochs)
        {
            if (step.Decided.Certificate.Epoch != seats.Epoch)
            {
                continue;
            }

            if (!VerifyStep(seats, step) || !TrySeats(step, seats.Epoch + 1, out var next))
            {
                return PeerInput.Lied;
            }

            (seats, _walkedTo) = (next, next);
            _walked.Add(step);
            if (_walked.Count > TableLog.MaxEpochs)
            {
                _walked.RemoveAt(0);
            }
        }

        if (message.Checkpoint is not { } checkpoint || message.Chunks.Count == 0)
        {
            return seats.Epoch > known ? PeerInput.Taken : PeerInput.NotNow;
        }

        // The way that was followed may lead beyond the checkpoint: seats may have changed again since.
        if (SeatsAt(checkpoint.Epoch, state) is not { } signers)
        {
            return PeerInput.FutureEpoch;
        }

        if (_assembly?.Checkpoint.Height > checkpoint.Height)
        {
            // Nobody undoes the pieces of a later one by an earlier one.
            return PeerInput.NotNow;
        }

        var text = PeerIds.CheckpointText(_game.Span, checkpoint.Epoch, checkpoint.Height, checkpoint.OperationIndex, checkpoint.StateRoot.Span, checkpoint.SeatSetHash.Span);
        if (checkpoint.UnknownFields is not null || !checkpoint.GameId.Span.SequenceEqual(_game.Span)
            || (_mutations.VerifiesCheckpoints && !Certificates.VerifySignatures(signers, _signatures, checkpoint.Signatures, text, signers.IsPostQuantum, ConsensusRules.Sound)))
        {
            return PeerInput.Lied;
        }

        if (_assembly is null || _assembly.Checkpoint.Height < checkpoint.Height || !_assembly.Checkpoint.StateRoot.Span.SequenceEqual(checkpoint.StateRoot.Span))
        {
            _assembly = new Assembly(checkpoint);
        }

        foreach (var piece in message.Chunks)
        {
            // A piece that leads to the root has the count that the root names.
            if (StatePieces.RootOf(piece) is not { } root
                || (_mutations.VerifiesSnapshots && !checkpoint.StateRoot.Span.SequenceEqual(StatePieces.StateRoot(checkpoint.Height, checkpoint.OperationIndex, checkpoint.Epoch, checkpoint.SeatSetHash.Span, root)))
                || (_assembly.Pieces is { } others && others.Length != piece.Count))
            {
                return PeerInput.Lied;
            }

            _assembly.Pieces ??= new byte[piece.Count][];
            _assembly.Pieces[piece.Index] ??= piece.Data.ToArray();
        }

        if (_assembly.Pieces!.All(piece => piece is not null))
        {
            byte[] bytes = [.. _assembly.Pieces!.SelectMany(piece => piece!)];
            _assembly = null;
            if (EncodedOperation.Parse<TableSnapshot>(bytes) is not { } snapshot || TableState.Parse(_game, checkpoint.Height, snapshot) is not { } found
                || (_mutations.VerifiesSnapshots && !found.Root.AsSpan().SequenceEqual(checkpoint.StateRoot.Span)))
            {
                return PeerInput.Lied;
            }

            whole = (found, checkpoint, [.. _walked.Where(step => step.Decided.Certificate.Epoch >= state.Snapshot.Epoch && step.Decided.Certificate.Epoch < checkpoint.Epoch)]);
        }

        return PeerInput.Taken;
    }

    private SeatSet? SeatsAt(ulong epoch, TableState state) =>
        epoch == state.Snapshot.Epoch ? state.Seats
        : _walked.Find(step => step.Decided.Certificate.Epoch + 1 == epoch) is { } step ? new SeatSet(_game, epoch, step.Seats)
        : null;

    private bool VerifyStep(SeatSet seats, EpochStep step)
    {
        var root = StatePieces.StateRoot(step.Decided.Value.Height, step.OperationIndex, seats.Epoch + 1, StatePieces.HashSeats(step.Seats), step.ChunksRoot.Span);
        return step.UnknownFields is null && step.Decided.Value.UnknownFields is null && Certificates.Verify(seats, _signatures, step.Decided) && step.Decided.Value.StateRoot.Span.SequenceEqual(root);
    }

    private bool TrySeats(EpochStep step, ulong epoch, out SeatSet seats)
    {
        seats = null!;
        if (step.Seats.Where((seat, number) => seat.Number != number).Any())
        {
            return false;
        }

        seats = new SeatSet(_game, epoch, step.Seats);
        return true;
    }

    private readonly record struct Ahead(ReadOnlyMemory<byte> Peer, ulong Height, TimeSpan LeftUntil, long Turn, bool IsStranger);

    private sealed class Assembly(Checkpoint checkpoint)
    {
        public Checkpoint Checkpoint { get; } = checkpoint;

        /// <summary>By place; null before the first, which says how many there are.</summary>
        public byte[]?[]? Pieces { get; set; }
    }
}
