using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What the owner of a peer has to do, in order.</summary>
public abstract record PeerEffect
{
    private PeerEffect()
    {
    }

    /// <summary>Send a message; where it names no peer, to every other seat.</summary>
    public sealed record Send(ReadOnlyMemory<byte>? To, ConsensusMessage Message) : PeerEffect;

    /// <summary>
    /// Append to the journal; where <paramref name="Intent"/> is there, call <see cref="TablePeer.HandlePersisted"/> with it once
    /// the record is durable. Nothing of it is signed before.
    /// </summary>
    public sealed record Persist(JournalRecord Record, SignedIntent? Intent) : PeerEffect;

    /// <summary>Replace the whole journal by these records, in one step. Once: the old journal may stay where that fails.</summary>
    public sealed record Rewrite(IReadOnlyList<JournalRecord> Records) : PeerEffect;

    /// <summary>A height was decided and applied.</summary>
    public sealed record Applied(DecidedValue Decided, TableState State) : PeerEffect;

    /// <summary>The state came from a certified checkpoint; the heights between were not seen.</summary>
    public sealed record CaughtUp(TableState State) : PeerEffect;

    /// <summary>An operation of this peer will not be decided. It may be submitted again.</summary>
    public sealed record Lapsed(GameOperation Operation, TableFault Fault) : PeerEffect;

    /// <summary>A peer is suspected, or proved to have cheated.</summary>
    public sealed record Suspected(HeldEvidence Evidence) : PeerEffect;

    /// <summary>How the network is changed; null once all is well.</summary>
    public sealed record Partition(RecoveryStrategy? Strategy) : PeerEffect;

    /// <summary>Try to reach a peer by other means: it has been silent for long.</summary>
    public sealed record Reconnect(ReadOnlyMemory<byte> Peer) : PeerEffect;

    /// <summary>
    /// Two quorums have certified different values for one height: more seats are Byzantine than the table bears. The culprits
    /// signed both. This peer decides nothing any more.
    /// </summary>
    public sealed record Forked(DecidedValue One, DecidedValue Other, IReadOnlyList<Seat> Culprits) : PeerEffect;
}
