using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Randomness: parts of rolls, and the making of the coin.</summary>
public sealed partial class TableRules
{
    /// <summary>True where the part proves itself: it opens the seat's commitment, or is the seat's share of the coin.</summary>
    public bool IsGood(TableState state, RandomnessReveal reveal)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(reveal);
        if (state.Seats is not { } seats || reveal.Roll != state.Game.Roll || !seats.Contains(reveal.Seat))
        {
            return false;
        }

        switch (reveal.Proof)
        {
            case RandomnessProof.OpeningArm { Value: var opened } when !state.UsesCoin:
                return state.Snapshot.Commits.Count == seats.Count
                    && (!Mutations.BindsReveals || state.Snapshot.Commits[reveal.Seat].Commitment.Span.SequenceEqual(Commitments.Commit(seats, reveal.Seat, reveal.Roll, opened)));
            case RandomnessProof.CoinShareArm { Value: var share } when state.UsesCoin:
                var set = seats;
                return state.Snapshot.Coin.Ready
                    && seats[reveal.Seat].CoinKey is { } coinKey
                    && (!Mutations.BindsReveals || cache.Verify(
                        [.. state.GameId.Span, .. BitConverter.GetBytes(set.Epoch), .. BitConverter.GetBytes(reveal.Roll), reveal.Seat, .. coinKey.Span, .. EncodedOperation.Of(share)],
                        () => ThresholdCoin.Verify(group, set, reveal.Roll, reveal.Seat, share)));
            default:
                return false;
        }
    }

    /// <summary>The roll's outcome, 32 bytes; null where the parts do not make one.</summary>
    public byte[]? Outcome(TableState state, IReadOnlyList<RandomnessReveal> reveals)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(reveals);
        if (state.Seats is not { } seats)
        {
            return null;
        }

        var needed = state.UsesCoin ? CoinDealings.Threshold(seats) : seats.Count;
        if (reveals.Count != needed || !AreRising(reveals) || !reveals.All(reveal => IsGood(state, reveal)))
        {
            return null;
        }

        return state.UsesCoin
            ? ThresholdCoin.Combine(group, seats, state.Game.Roll, [.. reveals.Select(reveal => ((int)reveal.Seat, ((RandomnessProof.CoinShareArm)reveal.Proof).Value))])
            : Commitments.Combine(seats, state.Game.Roll, reveals.Select(reveal => ((RandomnessProof.OpeningArm)reveal.Proof).Value));
    }

    /// <summary>
    /// Who keeps a roll from its outcome: below 4 seats who has not committed, or then not revealed. With a coin nobody: too few
    /// shares are a matter of the network. Null where the parts are not good, or enough for an outcome.
    /// </summary>
    public IReadOnlyCollection<ReadOnlyMemory<byte>>? AtFault(TableState state, IReadOnlyList<RandomnessReveal> reveals)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(reveals);
        if (!AreRising(reveals) || !reveals.All(reveal => IsGood(state, reveal)))
        {
            return null;
        }

        if (state.UsesCoin)
        {
            return reveals.Count < CoinDealings.Threshold(state.Seats!) ? [] : null;
        }

        var seats = state.Snapshot.Seats;
        var done = state.Snapshot.Commits.Count < seats.Count ? state.Snapshot.Commits.Select(commit => (int)commit.Seat) : reveals.Select(reveal => (int)reveal.Seat);
        var missing = seats.Where(seat => !done.Contains(seat.Number)).Select(seat => seat.Peer).ToArray();
        return missing.Length == 0 ? null : missing;
    }

    private static bool AreRising(IReadOnlyList<RandomnessReveal> reveals)
    {
        for (var i = 1; i < reveals.Count; i++)
        {
            if (reveals[i].Seat <= reveals[i - 1].Seat)
            {
                return false;
            }
        }

        return true;
    }

    private (TableState?, TableFault) Deal(TableState state, int seat, CoinDealing dealing)
    {
        var coin = state.Snapshot.Coin;
        return !state.UsesCoin || coin.Ready || coin.Verdicts.Count > 0 ? (null, TableFault.WrongMoment)
            : (coin.Banned & (1 << seat)) != 0 || coin.Dealings.Any(other => other.Seat == seat) || !CoinDealings.IsWellFormed(group, state.Seats!, dealing) ? (null, TableFault.BadDealing)
            : (WithCoin(state, coin with { Dealings = [.. coin.Dealings.Append(new SeatDealing { Seat = (byte)seat, Dealing = dealing }).OrderBy(other => other.Seat)] }), TableFault.None);
    }

    private (TableState?, TableFault) Verdict(TableState state, int seat, CoinVerdict verdict)
    {
        var coin = state.Snapshot.Coin;
        if (!state.UsesCoin || (coin.Ready ? verdict.Complaints.Count == 0 || state.Game.AwaitsRoll : coin.Dealings.Count < CoinDealings.Threshold(state.Seats!)))
        {
            return (null, TableFault.WrongMoment);
        }

        var accused = 0;
        foreach (var complaint in verdict.Complaints)
        {
            if (coin.Dealings.FirstOrDefault(other => other.Seat == complaint.Dealer) is not { } dealt || !CoinDealings.IsJust(group, state.Seats!, dealt.Dealing, seat, complaint))
            {
                return (null, TableFault.BadVerdict);
            }

            accused |= 1 << complaint.Dealer;
        }

        var standing = coin.Dealings.Aggregate(0, (bits, dealt) => bits | (1 << dealt.Seat)) & ~accused;
        if (verdict.Accepted != standing || coin.Verdicts.Any(other => other.Seat == seat))
        {
            return (null, TableFault.BadVerdict);
        }

        if (accused != 0)
        {
            // The coin starts again without the dealers that dealt badly.
            ValueList<Seat> without = [.. state.Snapshot.Seats.Select(other => other with { CoinKey = null })];
            var again = coin with { Dealings = [.. coin.Dealings.Where(dealt => (accused & (1 << dealt.Seat)) == 0)], Verdicts = [], Banned = (byte)(coin.Banned | accused), Ready = false };
            return (state.With(state.Snapshot with { Coin = again, Seats = without }), TableFault.None);
        }

        ValueList<SeatVerdict> verdicts = [.. coin.Verdicts.Append(new SeatVerdict { Seat = (byte)seat, Accepted = verdict.Accepted }).OrderBy(other => other.Seat)];
        if (verdicts.Count < state.Seats!.Quorum)
        {
            return (WithCoin(state, coin with { Verdicts = verdicts }), TableFault.None);
        }

        var dealings = coin.Dealings.Select(dealt => dealt.Dealing).ToArray();
        ValueList<Seat> seats = [.. state.Snapshot.Seats.Select(other => other with { CoinKey = CoinDealings.KeyOf(group, dealings, other.Number) })];
        return (state.With(state.Snapshot with { Coin = coin with { Verdicts = verdicts, Ready = true }, Seats = seats }), TableFault.None);
    }

    private static TableState WithCoin(TableState state, CoinState coin) => state.With(state.Snapshot with { Coin = coin });
}
