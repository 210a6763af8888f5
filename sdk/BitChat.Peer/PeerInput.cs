namespace BitChat.Peer;

/// <summary>What became of a message.</summary>
public enum PeerInput : byte
{
    Taken = 0,

    /// <summary>Known already.</summary>
    Duplicate,

    /// <summary>Of another game.</summary>
    ForeignGame,

    /// <summary>Who sent it has no seat and may not send such a message.</summary>
    UnknownSeat,

    /// <summary>The message id is not the hash of the content.</summary>
    BadMessageId,

    /// <summary>The signature is not the sender's over this message.</summary>
    BadSignature,

    /// <summary>Stamped too far from the median of the seats' clocks.</summary>
    BadClock,

    /// <summary>Of a seat set that has been replaced.</summary>
    OldEpoch,

    /// <summary>Of a seat set that this peer has not reached.</summary>
    FutureEpoch,

    /// <summary>Of a height that is decided.</summary>
    PastHeight,

    /// <summary>Of a height that this peer has not reached.</summary>
    FutureHeight,

    /// <summary>Of a round too far behind.</summary>
    RoundOutOfReach,

    /// <summary>Of a round too far ahead; only that the seat is there is kept.</summary>
    RoundAhead,

    /// <summary>A proposal by a seat whose turn it is not.</summary>
    NotProposer,

    /// <summary>The seat contradicts itself.</summary>
    Equivocation,

    /// <summary>Contradicts the schema.</summary>
    Malformed,

    /// <summary>Longer than any such message.</summary>
    TooLarge,

    /// <summary>Proves nothing, or is not possible.</summary>
    Invalid,

    /// <summary>A part of a roll that proves nothing.</summary>
    BadReveal,

    /// <summary>Evidence that proves nothing.</summary>
    BadEvidence,

    /// <summary>An answer that contradicts what a quorum has certified.</summary>
    Lied,

    /// <summary>Nothing that this peer has a use for at the moment.</summary>
    NotNow,

    /// <summary>More than this peer keeps of one sender.</summary>
    TooMany,

    /// <summary>Of a kind that this version does not know.</summary>
    UnknownKind,
}
