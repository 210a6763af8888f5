using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What the owner of a coordinator has to do, in order.</summary>
public abstract record ConsensusEffect
{
    private ConsensusEffect()
    {
    }

    /// <summary>Send the proposal to every other seat.</summary>
    public sealed record SendProposal(Proposal Proposal) : ConsensusEffect;

    /// <summary>Send the vote to every other seat: this seat's own, or another's that proves a lock.</summary>
    public sealed record SendVote(int Seat, Vote Vote) : ConsensusEffect;

    /// <summary>Send a decided value to a seat that misses it.</summary>
    public sealed record SendDecided(int Seat, DecidedValue Decided) : ConsensusEffect;

    /// <summary>Make the intent durable, then call <see cref="ConsensusCoordinator.HandlePersisted"/> with it. Nothing of it is signed before.</summary>
    public sealed record Persist(SignedIntent Intent) : ConsensusEffect;

    /// <summary>Call <see cref="ConsensusCoordinator.HandleTimeout"/> with the timeout when that much time has passed.</summary>
    public sealed record ScheduleTimeout(ConsensusTimeout Timeout, TimeSpan After) : ConsensusEffect;

    /// <summary>The height is decided. Apply the value, make it durable, and call <see cref="ConsensusCoordinator.StartHeight"/> for the next.</summary>
    public sealed record Decide(DecidedValue Decided) : ConsensusEffect;

    /// <summary>A seat contradicted itself, which these two messages prove to anybody.</summary>
    public sealed record Accuse(int Seat, DoubleVote? Votes, DoubleProposal? Proposals) : ConsensusEffect;
}
