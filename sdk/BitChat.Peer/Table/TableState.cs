using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>All that the seats of a table agree on after a height. Immutable.</summary>
public sealed class TableState
{
    private StatePieces? _pieces;
    private StatePieces? _before;
    private byte[]? _root;
    private byte[]? _seatSetHash;

    private TableState(ReadOnlyMemory<byte> gameId, ulong height, TableSnapshot snapshot, IGame game, SeatSet? seats)
    {
        GameId = gameId;
        Height = height;
        Snapshot = snapshot;
        Game = game;
        Seats = seats;
    }

    public ReadOnlyMemory<byte> GameId { get; }

    /// <summary>The last height in it; 0 before the first.</summary>
    public ulong Height { get; }

    /// <summary>As it goes into pieces. Its game field is filled in by <see cref="Encoded"/> only.</summary>
    public TableSnapshot Snapshot { get; }

    public IGame Game { get; }

    /// <summary>The seats; null once the table has closed.</summary>
    public SeatSet? Seats { get; }

    /// <summary>The whole state.</summary>
    public TableSnapshot Encoded => Snapshot with { Game = Game.ToBytes() };

    public StatePieces Pieces => _pieces ??= new StatePieces(Encoded, _before);

    public byte[] SeatSetHash => _seatSetHash ??= StatePieces.HashSeats(Snapshot.Seats);

    /// <summary>Root over height, operations, epoch, seats and the rest.</summary>
    public byte[] Root => _root ??= StatePieces.StateRoot(Height, Snapshot.OperationIndex, Snapshot.Epoch, SeatSetHash, Pieces.Root);

    /// <summary>True while there is a coin to toss: from 4 seats up.</summary>
    public bool UsesCoin => Snapshot.Seats.Count >= 4;

    /// <summary>A table before its first height.</summary>
    /// <param name="gameId">16 bytes.</param>
    /// <param name="kind">The game.</param>
    /// <param name="seats">2 to 8, numbered from 0; at a post-quantum table each with its second key.</param>
    /// <param name="chips">Of each seat, in order; 0 of a witness.</param>
    /// <param name="bank">Chips of the bank.</param>
    /// <param name="openedAt">When the first leader's term begins.</param>
    /// <param name="isPostQuantum">True where certificates carry both signatures.</param>
    /// <exception cref="ArgumentException">The seats or chips are no such table.</exception>
    public static TableState Open(ReadOnlyMemory<byte> gameId, GameKind kind, IReadOnlyList<Seat> seats, IReadOnlyList<ulong> chips, ulong bank, DateTimeOffset openedAt, bool isPostQuantum = false)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(chips);
        if (chips.Count != seats.Count || seats.Where((seat, i) => seat.Witness != (chips[i] == 0)).Any())
        {
            throw new ArgumentException("Every seat has chips but for witnesses, which have none.", nameof(chips));
        }

        var set = new SeatSet(gameId, 1, seats);
        if (set.IsPostQuantum != isPostQuantum)
        {
            throw new ArgumentException("A post-quantum table is one where every seat has an ML-DSA-87 key.", nameof(seats));
        }

        var game = kind.Open(seats.Zip(chips).Where(pair => !pair.First.Witness).Select(pair => new PlayerChips { Player = pair.First.Peer, Chips = pair.Second }), bank);
        openedAt = OnWire(openedAt);
        var snapshot = new TableSnapshot
        {
            Kind = kind.Name,
            PostQuantum = isPostQuantum,
            Epoch = 1,
            Seats = [.. seats],
            Sequences = [.. seats.Select(_ => new SeatSequence { Last = 0 })],
            OperationIndex = 0,
            DecidedAt = openedAt,
            Term = 0,
            Leader = 0,
            TermStarted = openedAt,
            Excluded = [],
            PaidOut = [],
            Coin = NoCoin,
            Commits = [],
            RollMovedAt = null,
            BroughtIn = (ulong)game.TotalChips,
            Closed = false,
            Game = default,
        };
        return new TableState(gameId, 0, snapshot, game, set);
    }

    /// <summary>A state of its encoding; null where it is none.</summary>
    public static TableState? Parse(ReadOnlyMemory<byte> gameId, ulong height, TableSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (GameKind.Find(snapshot.Kind)?.Parse(snapshot.Game) is not { } game
            || snapshot.Sequences.Count != snapshot.Seats.Count
            || snapshot.Seats.Where((seat, number) => seat.Number != number).Any()
            || snapshot.Seats.Select(seat => Convert.ToHexString(seat.Ed25519Key.Span)).Distinct().Count() != snapshot.Seats.Count
            || (!snapshot.Closed && snapshot.Seats.Count < SeatSet.MinSeats)
            || snapshot.Leader >= snapshot.Seats.Count
            || snapshot.PaidOut.Aggregate(game.TotalChips, (sum, paid) => sum + paid.Chips) != snapshot.BroughtIn
            || (snapshot.RollMovedAt is not null) != game.AwaitsRoll
            || (height == 0 && !IsFirst(snapshot, game)))
        {
            return null;
        }

        var state = new TableState(gameId, height, snapshot with { Game = default }, game, snapshot.Closed ? null : new SeatSet(gameId, snapshot.Epoch, snapshot.Seats));
        return ((IXtmpStruct)state.Encoded).ToBytes().AsSpan().SequenceEqual(((IXtmpStruct)snapshot).ToBytes()) ? state : null;
    }

    /// <summary>True of a table before its first height: nothing of it was decided by anybody, so nothing in it may look so.</summary>
    private static bool IsFirst(TableSnapshot snapshot, IGame game) =>
        snapshot is { Epoch: 1, OperationIndex: 0, Term: 0, Leader: 0, Closed: false }
        && snapshot.Excluded.IsEmpty && snapshot.PaidOut.IsEmpty && snapshot.Commits.IsEmpty
        && snapshot.Coin == NoCoin
        && snapshot.PostQuantum == snapshot.Seats.All(seat => seat.PostQuantumKey is not null)
        && snapshot.Seats.All(seat => seat.CoinKey is null)
        && snapshot.Sequences.All(sequence => sequence.Last == 0)
        && game.Roll == 0 && !game.AwaitsRoll;

    internal static CoinState NoCoin { get; } = new() { Dealings = [], Verdicts = [], Banned = 0, Ready = false };

    /// <summary>A time as its encoding has it, in microseconds. A state holds no finer one: whoever proposed a value would have another time than those who read it.</summary>
    internal static DateTimeOffset OnWire(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    /// <summary>Another state of the same height.</summary>
    internal TableState With(TableSnapshot snapshot, IGame? game = null)
    {
        var seats = snapshot.Closed ? null : snapshot.Epoch == Snapshot.Epoch && snapshot.Coin.Ready == Snapshot.Coin.Ready ? Seats : new SeatSet(GameId, snapshot.Epoch, snapshot.Seats);
        return new TableState(GameId, Height, snapshot, game ?? Game, seats) { _seatSetHash = snapshot.Seats.AsSpan() == Snapshot.Seats.AsSpan() ? _seatSetHash : null, _before = _pieces ?? _before };
    }

    internal TableState At(ulong height, DateTimeOffset decidedAt) => new(GameId, height, Snapshot with { DecidedAt = decidedAt }, Game, Seats) { _seatSetHash = _seatSetHash, _before = _pieces ?? _before };
}
