using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Who sits at the table. Seats change only between rolls: who has seen an outcome coming must not be able to undo it.</summary>
public sealed partial class TableRules
{
    private const int MaxPast = 64;

    /// <summary>What lifts the sequences of a newcomer above all it may have signed in an earlier stay.</summary>
    private const int SequenceShift = 20;

    /// <summary>The epoch from which on a table takes nobody any more: a newcomer follows every change of seats from the first on.</summary>
    public const int LastAdmissions = TableLog.MaxEpochs - SeatSet.MaxSeats;

    /// <summary>True where a table has room: for one more seat, for what all who sit there may leave with, and in the way that newcomers follow.</summary>
    public static bool TakesMore(TableState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Snapshot.Seats.Count < SeatSet.MaxSeats && state.Snapshot.PaidOut.Count + state.Snapshot.Seats.Count < MaxPast && state.Snapshot.Epoch < LastAdmissions;
    }

    /// <summary>True where the chips of a player can be had and counted.</summary>
    internal static bool TakesChips(TableState state, JoinRequest request)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(request);
        return request.Chips == 0 || (request.Chips <= ulong.MaxValue - state.Snapshot.BroughtIn && state.Game.Sit(request.Player, request.Chips).Fault == GameFault.None);
    }

    /// <summary>True where the request is signed, and what it asks can be had.</summary>
    public bool IsGood(TableState state, JoinRequest request)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(request);
        var seat = new Seat { Number = 0, Peer = request.Player, Ed25519Key = request.Ed25519Key, DealKey = request.DealKey };
        return request.Player.Span.SequenceEqual(PeerIds.Of(request.Ed25519Key.Span))
            && request.PostQuantumKey is not null == state.Snapshot.PostQuantum
            && group.Decode(request.DealKey.Span) is not null
            && signatures.Verify(seat, PeerIds.JoinText(state.GameId.Span, request), request.RequestSignature.Span);
    }

    private (TableState?, TableFault) Admit(TableState state, JoinRequest request)
    {
        var snapshot = state.Snapshot;
        if (state.Game.AwaitsRoll)
        {
            return (null, TableFault.WrongMoment);
        }

        if (snapshot.Excluded.Any(excluded => excluded.Span.SequenceEqual(request.Player.Span)))
        {
            return (null, TableFault.Excluded);
        }

        if (!TakesMore(state) || state.Seats!.Find(request.Player.Span) is not null || !IsGood(state, request))
        {
            return (null, TableFault.BadAdmission);
        }

        if (!TakesChips(state, request))
        {
            return (null, TableFault.Game);
        }

        var step = request.Chips == 0 ? new GameStep(state.Game) : state.Game.Sit(request.Player, request.Chips);
        var seat = new Seat
        {
            Number = (byte)snapshot.Seats.Count,
            Peer = request.Player,
            Ed25519Key = request.Ed25519Key,
            Witness = request.Chips == 0,
            DealKey = request.DealKey,
            PostQuantumKey = request.PostQuantumKey,
        };
        return (NewEpoch(
            state,
            snapshot with
            {
                Sequences = [.. snapshot.Sequences, new SeatSequence { Last = (state.Height + 1) << SequenceShift }],
                BroughtIn = snapshot.BroughtIn + request.Chips,
            },
            [.. snapshot.Seats, seat],
            step.Game), TableFault.None);
    }

    private static (TableState?, TableFault) Leave(TableState state, ReadOnlyMemory<byte> player, bool forfeits)
    {
        var snapshot = state.Snapshot;
        if (state.Game.AwaitsRoll)
        {
            return (null, TableFault.WrongMoment);
        }

        var number = state.Seats!.Find(player.Span)!.Value;
        var step = snapshot.Seats[number].Witness ? new GameStep(state.Game) : state.Game.Leave(player, forfeits);
        if (step.Fault != GameFault.None)
        {
            return (null, TableFault.Game);
        }

        var seats = snapshot.Seats.Where(seat => seat.Number != number).Select((seat, index) => seat with { Number = (byte)index }).ToArray();
        var after = snapshot with
        {
            Sequences = [.. snapshot.Sequences.Where((_, index) => index != number)],
            PaidOut = step.PaidOut == 0 ? snapshot.PaidOut : [.. snapshot.PaidOut, new PlayerChips { Player = player, Chips = step.PaidOut }],
            Excluded = forfeits ? [.. snapshot.Excluded.TakeLast(MaxPast - 1), player] : snapshot.Excluded,
            Leader = (byte)((snapshot.Leader > number ? snapshot.Leader - 1 : snapshot.Leader) % Math.Max(1, seats.Length)),
        };
        return seats.Length >= SeatSet.MinSeats && seats.Any(seat => !seat.Witness)
            ? (NewEpoch(state, after, seats, step.Game), TableFault.None)
            : (Close(state, after, seats, step.Game), TableFault.None);
    }

    private (TableState?, TableFault) Expel(TableState state, SeatExpulsion expulsion)
    {
        return state.Seats!.Find(expulsion.Accused.Span) is not { } seat ? (null, TableFault.UnknownSeat)
            : Mutations.VerifiesEvidence && !IsProof(state, seat, expulsion.Evidence) ? (null, TableFault.BadEvidence)
            : Leave(state, expulsion.Accused, forfeits: true);
    }

    private static TableState NewEpoch(TableState state, TableSnapshot snapshot, IEnumerable<Seat> seats, IGame game) => state.With(
        snapshot with
        {
            Epoch = snapshot.Epoch + 1,
            Seats = [.. seats.Select(seat => seat with { CoinKey = null })],
            Coin = TableState.NoCoin,
        },
        game);

    /// <summary>The end of a table: everybody is paid out.</summary>
    private static TableState Close(TableState state, TableSnapshot snapshot, IEnumerable<Seat> seats, IGame game)
    {
        var paid = snapshot.PaidOut.ToList();
        foreach (var player in game.Players)
        {
            var step = game.Leave(player.Player, forfeits: false);
            game = step.Game;
            if (step.PaidOut > 0)
            {
                paid.Add(new PlayerChips { Player = player.Player, Chips = step.PaidOut });
            }
        }

        return state.With(snapshot with { Epoch = snapshot.Epoch + 1, Seats = [.. seats], Coin = TableState.NoCoin, PaidOut = [.. paid], Closed = true }, game);
    }
}
