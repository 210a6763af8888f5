using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Verifies that a quorum decided a value.</summary>
public static class Certificates
{
    /// <summary>
    /// True where the certificate is of this epoch, names the value, and holds precommits of a quorum of distinct seats in
    /// rising order, each with a good signature.
    /// </summary>
    public static bool Verify(SeatSet seats, ISeatSignatures signatures, DecidedValue decided) => Verify(seats, signatures, decided, seats?.Quorum ?? 0, distinct: true);

    internal static bool Verify(SeatSet seats, ISeatSignatures signatures, DecidedValue decided, int quorum, bool distinct)
    {
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(signatures);
        ArgumentNullException.ThrowIfNull(decided);
        var certificate = decided.Certificate;
        if (certificate.Epoch != seats.Epoch
            || certificate.Height != decided.Value.Height
            || !certificate.ValueId.Span.SequenceEqual(SeatSet.IdOf(decided.Value))
            || certificate.Signatures.Count < quorum)
        {
            return false;
        }

        var text = SignedText.OfVote(seats, certificate.Height, certificate.Round, VoteKind.Precommit, certificate.ValueId.Span);
        var last = -1;
        foreach (var signature in certificate.Signatures)
        {
            if (!seats.Contains(signature.Seat) || (distinct && signature.Seat <= last) || !signatures.Verify(seats[signature.Seat], text, signature.Signature.Span))
            {
                return false;
            }

            last = signature.Seat;
        }

        return true;
    }
}
