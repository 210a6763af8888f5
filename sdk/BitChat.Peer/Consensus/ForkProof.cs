using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// Who is to blame for a fork. Any two quorums share more than ⌊(n − 1)/3⌋ seats. Two of one round and kind for different values
/// prove those guilty that signed both. Of two rounds: between the two certificates there is a first quorum of prevotes for the later
/// value that names no proof of lock of the earlier round or after, and nobody correct who has precommitted the earlier value is
/// in it.
/// </summary>
public static class ForkProof
{
    /// <summary>Seats that the two decided values prove guilty, in rising order; none where the prevotes that would show it did not come with them.</summary>
    /// <param name="one">A decided value whose certificate and prevotes are verified.</param>
    /// <param name="other">Another of the same epoch and height, verified too.</param>
    public static IReadOnlyList<int> Culprits(DecidedValue one, DecidedValue other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        var (first, second) = (one.Certificate, other.Certificate);
        if (first.Epoch != second.Epoch || first.Height != second.Height || first.ValueId.Span.SequenceEqual(second.ValueId.Span))
        {
            return [];
        }

        if (first.Round == second.Round)
        {
            return Both(first.Signatures, second.Signatures);
        }

        if (first.Round > second.Round)
        {
            (first, second, one, other) = (second, first, other, one);
        }

        foreach (var prevotes in other.Prevotes ?? [])
        {
            if (prevotes.Round == first.Round)
            {
                return one.Prevotes is [var against, ..] ? Both(against.Signatures, prevotes.Signatures) : [];
            }

            if (!(prevotes.ProofOfLockRound >= first.Round))
            {
                return Both(first.Signatures, prevotes.Signatures);
            }
        }

        return [];
    }

    /// <summary>True where the two votes, each with a good signature of the same seat, show that it broke its lock.</summary>
    internal static bool BreaksLock(Vote precommit, Vote prevote) =>
        precommit.Kind == VoteKind.Precommit && prevote.Kind == VoteKind.Prevote
        && precommit.Epoch == prevote.Epoch && precommit.Height == prevote.Height && precommit.Round < prevote.Round
        && !(prevote.ProofOfLockRound >= precommit.Round)
        && ValueId.Of(precommit.ValueId) is { } locked && ValueId.Of(prevote.ValueId) is { } other && locked != other;

    private static int[] Both(IReadOnlyList<SeatSignature> one, IReadOnlyList<SeatSignature> other) =>
        [.. one.Select(signature => (int)signature.Seat).Intersect(other.Select(signature => (int)signature.Seat))];
}
