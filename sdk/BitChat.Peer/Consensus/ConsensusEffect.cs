using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What the owner of a coordinator has to do, in order. Where a message names no receiver, it is for every other seat.</summary>
public abstract record ConsensusEffect
{
    private ConsensusEffect()
    {
    }

    public sealed record SendProposal(Proposal Proposal, int? To = null) : ConsensusEffect;

    /// <summary>Send this seat's vote, or another's that the receiver lacks.</summary>
    public sealed record SendVote(int Seat, Vote Vote, int? To = null) : ConsensusEffect;

    public sealed record SendLockProof(LockProof Proof, int? To = null) : ConsensusEffect;

    /// <summary>Make the intent durable, then call <see cref="ConsensusCoordinator.HandlePersisted"/> with it. Nothing of it is signed before.</summary>
    public sealed record Persist(SignedIntent Intent) : ConsensusEffect;

    /// <summary>Call <see cref="ConsensusCoordinator.HandleTimeout"/> with the timeout when that much time has passed.</summary>
    public sealed record ScheduleTimeout(ConsensusTimeout Timeout, TimeSpan After) : ConsensusEffect;

    /// <summary>The height is decided. Apply the value, make it durable, and call <see cref="ConsensusCoordinator.StartHeight"/> for the next.</summary>
    public sealed record Decide(DecidedValue Decided) : ConsensusEffect;

    /// <summary>A seat contradicted itself, which this proves to anybody.</summary>
    public sealed record Accuse(int Seat, Evidence Evidence) : ConsensusEffect;
}
