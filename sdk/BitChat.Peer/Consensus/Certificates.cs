using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Verifies what a quorum has signed.</summary>
public static class Certificates
{
    /// <summary>
    /// True where the certificate is of this epoch, names the value, and holds precommits of a quorum of distinct seats in
    /// rising order, each with a good signature; at a post-quantum table with both signatures. Prevotes that come with it are proofs
    /// of lock of this value, each of the round that the one before names, from the certificate's on.
    /// </summary>
    public static bool Verify(SeatSet seats, ISeatSignatures signatures, DecidedValue decided) => Verify(seats, signatures, decided, ConsensusRules.Sound);

    /// <summary>True where a quorum of distinct seats prevoted for the value.</summary>
    public static bool Verify(SeatSet seats, ISeatSignatures signatures, LockProof proof) => Verify(seats, signatures, proof, ConsensusRules.Sound);

    internal static bool Verify(SeatSet seats, ISeatSignatures signatures, DecidedValue decided, ConsensusRules rules)
    {
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(signatures);
        ArgumentNullException.ThrowIfNull(decided);
        var certificate = decided.Certificate;
        return certificate.UnknownFields is null && decided.UnknownFields is null
            && certificate.Epoch == seats.Epoch
            && certificate.Height == decided.Value.Height
            && certificate.ValueId.Span.SequenceEqual(SeatSet.IdOf(decided.Value))
            && VerifySignatures(seats, signatures, certificate.Signatures, SignedText.OfVote(seats, certificate.Height, certificate.Round, VoteKind.Precommit, certificate.ValueId.Span), seats.IsPostQuantum, rules)
            && VerifyPrevotes(seats, signatures, decided, rules);
    }

    internal static bool Verify(SeatSet seats, ISeatSignatures signatures, LockProof proof, ConsensusRules rules)
    {
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(signatures);
        ArgumentNullException.ThrowIfNull(proof);
        return proof.UnknownFields is null
            && proof.Epoch == seats.Epoch
            && !(proof.ProofOfLockRound >= proof.Round)
            && ValueId.Of(proof.ValueId.Span) != default
            && VerifySignatures(seats, signatures, proof.Signatures, SignedText.OfVote(seats, proof.Height, proof.Round, VoteKind.Prevote, proof.ValueId.Span, proof.ProofOfLockRound), isPostQuantum: false, rules);
    }

    /// <summary>True for good signatures of a quorum of distinct seats in rising order, and nothing beside them.</summary>
    internal static bool VerifySignatures(SeatSet seats, ISeatSignatures signatures, IReadOnlyList<SeatSignature> given, byte[] text, bool isPostQuantum, ConsensusRules rules)
    {
        if (given.Count < rules.Quorum(seats))
        {
            return false;
        }

        var last = -1;
        foreach (var signature in given)
        {
            if (!seats.Contains(signature.Seat)
                || (rules.CountsSeatsOnce && signature.Seat <= last)
                || !signatures.Verify(seats[signature.Seat], text, signature.Signature.Span)
                || signature.UnknownFields is not null
                || isPostQuantum != signature.PostQuantum.HasValue
                || (signature.PostQuantum is { } second && !signatures.VerifyPostQuantum(seats[signature.Seat], text, second.Span)))
            {
                return false;
            }

            last = signature.Seat;
        }

        return true;
    }

    private static bool VerifyPrevotes(SeatSet seats, ISeatSignatures signatures, DecidedValue decided, ConsensusRules rules)
    {
        uint? round = decided.Certificate.Round;
        foreach (var proof in decided.Prevotes ?? [])
        {
            if (proof.Height != decided.Value.Height || proof.Round != round || !proof.ValueId.Span.SequenceEqual(decided.Certificate.ValueId.Span) || !Verify(seats, signatures, proof, rules))
            {
                return false;
            }

            round = proof.ProofOfLockRound;
        }

        return true;
    }
}
