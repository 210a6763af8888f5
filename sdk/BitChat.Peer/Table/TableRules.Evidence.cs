using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What proves that a seat cheated, to anybody who knows the seats of the epoch.</summary>
public sealed partial class TableRules
{
    /// <summary>True where the evidence is signed proof against that seat. Statistics and lost messages never are.</summary>
    public bool IsProof(TableState state, int seat, Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Seats is not { } seats || !seats.Contains(seat))
        {
            return false;
        }

        var messages = new ConsensusMessages(seats, signatures);
        switch (evidence)
        {
            case Evidence.DoubleVoteArm { Value: { First: var one, Second: var other } }:
                return one.Epoch == seats.Epoch && other.Epoch == seats.Epoch
                    && one.Height == other.Height && one.Round == other.Round && one.Kind == other.Kind
                    && one.Kind is VoteKind.Prevote or VoteKind.Precommit
                    && (ValueId.Of(one.ValueId), one.ProofOfLockRound) != (ValueId.Of(other.ValueId), other.ProofOfLockRound)
                    && messages.VerifyEvidence(seat, one) && messages.VerifyEvidence(seat, other);
            case Evidence.DoubleProposalArm { Value: { First: var one, Second: var other } }:
                return one.Epoch == seats.Epoch && other.Epoch == seats.Epoch
                    && one.Height == other.Height && one.Round == other.Round
                    && !(one.ValueId.Span.SequenceEqual(other.ValueId.Span) && one.ProofOfLockRound == other.ProofOfLockRound)
                    && messages.Verify(seat, one) && messages.Verify(seat, other);
            case Evidence.BrokenLockArm { Value: var broken }:
                return broken.Precommit.Epoch == seats.Epoch && ForkProof.BreaksLock(broken.Precommit, broken.Prevote)
                    && messages.VerifyEvidence(seat, broken.Precommit) && messages.VerifyEvidence(seat, broken.Prevote);
            case Evidence.BadOperationArm { Value.Operation: var operation }:
                return operation.Player.Span.SequenceEqual(seats[seat].Peer.Span)
                    && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is null or TableOperation.UnknownArm
                    && IsSigned(state, seats[seat], operation);
            case Evidence.BadRevealArm { Value: var bad }:
                return IsBadReveal(state, seats, seat, bad);
            default:
                return false;
        }
    }

    private bool IsBadReveal(TableState state, SeatSet seats, int seat, BadReveal bad) =>
        bad.Reveal.GameId.Span.SequenceEqual(state.GameId.Span)
        && bad.Reveal.Sender.Span.SequenceEqual(seats[seat].Peer.Span)
        && bad.Commit.Player.Span.SequenceEqual(seats[seat].Peer.Span)
        && EncodedOperation.Parse<TableOperation>(bad.Commit.Body.Span) is TableOperation.CommitArm { Value: var commit }
        && bad.Reveal.Payload is ConsensusPayload.RandomnessRevealArm { Value: { Proof: RandomnessProof.OpeningArm { Value: var opened } } reveal }
        && reveal.Roll == commit.Roll && reveal.Seat == commit.Seat && commit.Seat == seat
        && !Commitments.Opens(seats, seat, reveal.Roll, opened, commit.Commitment.Span)
        && IsSigned(state, seats[seat], bad.Commit)
        && signatures.Verify(seats[seat], PeerIds.EnvelopeText(PeerIds.MessageId(bad.Reveal)), bad.RevealSignature.Span);
}
