using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>What a roll's outcome must be, made anew of what seats gave.</summary>
internal static class Outcomes
{
    /// <summary>A roll's outcome is the one that the shares of any correct seats make: it does not depend on who was late.</summary>
    public static void Check(Life life, TableState before, RollOutcome outcome)
    {
        if (!before.UsesCoin)
        {
            CheckOpenings(life, before.Seats!, outcome);
            return;
        }

        // Shares of as many correct seats as are needed, from the last seat down.
        var seats = before.Seats!;
        var shares = new List<(int Seat, CoinShare Share)>();
        foreach (var seat in seats.Seats.Reverse())
        {
            if (life.Peers.FirstOrDefault(peer => peer.Id.Span.SequenceEqual(seat.Peer.Span)) is { IsByzantine: false } peer && peer.ShareOf(before, seat.Number) is { } share)
            {
                shares.Add((seat.Number, share));
            }
        }

        if (shares.Count >= CoinDealings.Threshold(seats)
            && !ThresholdCoin.Combine(SmallGroup.Instance, seats, outcome.Roll, [.. shares.OrderByDescending(share => share.Seat)]).AsSpan().SequenceEqual(outcome.Randomness.Span))
        {
            life.Invariants.Break($"the outcome of roll {outcome.Roll} depends on who told its part");
        }
    }

    /// <summary>Below 4 seats it is the one that all seats' values make, of each correct seat the one it committed to.</summary>
    private static void CheckOpenings(Life life, SeatSet seats, RollOutcome outcome)
    {
        var values = outcome.Reveals.Select(static reveal => ((RandomnessProof.OpeningArm)reveal.Proof).Value).ToArray();
        for (var seat = 0; seat < seats.Count; seat++)
        {
            if (life.Peers.FirstOrDefault(peer => peer.Id.Span.SequenceEqual(seats[seat].Peer.Span)) is { IsByzantine: false } peer
                && (values.Length != seats.Count || !values[seat].Value.Span.SequenceEqual(Commitments.Make(seats, seat, outcome.Roll, peer.Secrets.Seed.Span).Value.Span)))
            {
                life.Invariants.Break($"the outcome of roll {outcome.Roll} is without what seat {peer.Number} committed to");
            }
        }

        if (!Commitments.Combine(seats, outcome.Roll, values).AsSpan().SequenceEqual(outcome.Randomness.Span))
        {
            life.Invariants.Break($"the outcome of roll {outcome.Roll} does not follow from the commitments");
        }
    }
}
