using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Signs and verifies the messages of agreement in one epoch.</summary>
internal sealed class ConsensusMessages(SeatSet seats, ISeatSignatures signatures)
{
    public static ProposalHeader HeaderOf(Proposal proposal, ValueId id) => new()
    {
        Epoch = proposal.Epoch,
        Height = proposal.Height,
        Round = proposal.Round,
        ProofOfLockRound = proposal.ProofOfLockRound,
        ValueId = id.ToArray(),
        ProposerSignature = proposal.ProposerSignature,
    };

    public Vote SignVote(SignedIntent intent)
    {
        Invariant.Check(intent.Kind is not null);
        var kind = intent.Kind.Value;
        var text = TextOf(intent.Height, intent.Round, kind, intent.ValueId, intent.ProofOfLockRound);
        return new Vote
        {
            Epoch = seats.Epoch,
            Height = intent.Height,
            Round = intent.Round,
            Kind = kind,
            ValueId = intent.ValueId,
            ProofOfLockRound = intent.ProofOfLockRound,
            VoteSignature = signatures.Sign(text),
            PostQuantumSignature = NeedsPostQuantum(kind, intent.ValueId) ? signatures.SignPostQuantum(text) : default(ReadOnlyMemory<byte>?),
        };
    }

    public Proposal SignProposal(SignedIntent intent)
    {
        Invariant.Check(intent.Value is not null && intent.ValueId is not null);
        return new Proposal
        {
            Epoch = seats.Epoch,
            Height = intent.Height,
            Round = intent.Round,
            ProofOfLockRound = intent.ProofOfLockRound,
            Value = intent.Value,
            ProposerSignature = signatures.Sign(SignedText.OfProposal(seats, intent.Height, intent.Round, intent.ProofOfLockRound, intent.ValueId.Value.Span)),
        };
    }

    public bool Verify(int seat, Vote vote)
    {
        var text = TextOf(vote.Height, vote.Round, vote.Kind, vote.ValueId, vote.ProofOfLockRound);
        return IsUnambiguous(vote)
            && NeedsPostQuantum(vote.Kind, vote.ValueId) == vote.PostQuantumSignature.HasValue
            && signatures.Verify(seats[seat], text, vote.VoteSignature.Span)
            && (vote.PostQuantumSignature is not { } second || signatures.VerifyPostQuantum(seats[seat], text, second.Span));
    }

    /// <summary>Of a vote as evidence the Ed25519 signature proves: two votes with ML-DSA-87 would not fit into an operation.</summary>
    public bool VerifyEvidence(int seat, Vote vote) =>
        IsUnambiguous(vote) && signatures.Verify(seats[seat], TextOf(vote.Height, vote.Round, vote.Kind, vote.ValueId, vote.ProofOfLockRound), vote.VoteSignature.Span);

    /// <summary>What of a vote its seat has signed: the rest may be another's.</summary>
    public static Vote Plain(Vote vote) => vote.RejectReason is null && vote.Detail is null ? vote : vote with { RejectReason = null, Detail = null };

    /// <summary>What of a vote is evidence.</summary>
    public static Vote EvidenceOf(Vote vote) => Plain(vote) with { PostQuantumSignature = null };

    public bool Verify(int seat, Proposal proposal, ValueId id) => Verify(seat, HeaderOf(proposal, id));

    public bool Verify(int seat, ProposalHeader header) =>
        !(header.ProofOfLockRound >= header.Round)
        && signatures.Verify(seats[seat], SignedText.OfProposal(seats, header.Height, header.Round, header.ProofOfLockRound, header.ValueId.Span), header.ProposerSignature.Span);

    /// <summary>
    /// False for what nobody signs, but whose text is that of another vote: a value of zeros reads as none, and so does the last round
    /// of all. Otherwise a seat's vote would pass for a second one that contradicts it.
    /// </summary>
    private static bool IsUnambiguous(Vote vote) => ValueId.Of(vote.ValueId) != default(ValueId) && !(vote.ProofOfLockRound >= vote.Round);

    private byte[] TextOf(ulong height, uint round, VoteKind kind, ReadOnlyMemory<byte>? valueId, uint? proofOfLockRound) =>
        SignedText.OfVote(seats, height, round, kind, valueId is { } id ? id.Span : default, proofOfLockRound);

    private bool NeedsPostQuantum(VoteKind kind, ReadOnlyMemory<byte>? valueId) => kind == VoteKind.Precommit && valueId is not null && seats.IsPostQuantum;
}
