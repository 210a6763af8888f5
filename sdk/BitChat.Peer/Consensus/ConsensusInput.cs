namespace BitChat.Peer;

/// <summary>What became of a message of another seat.</summary>
public enum ConsensusInput : byte
{
    Taken = 0,

    /// <summary>Known already.</summary>
    Duplicate = 1,

    /// <summary>Of another game, epoch, or no seat of this one.</summary>
    Foreign = 2,

    /// <summary>The signature is not the seat's over this message.</summary>
    BadSignature = 3,

    /// <summary>Of a height that is decided.</summary>
    PastHeight = 4,

    /// <summary>Of a height that this seat has not reached.</summary>
    FutureHeight = 5,

    /// <summary>Of a round too far behind.</summary>
    RoundOutOfReach = 6,

    /// <summary>A proposal by a seat whose turn it is not.</summary>
    NotProposer = 7,

    /// <summary>The seat contradicts itself.</summary>
    Equivocation = 8,

    /// <summary>Malformed, or a certificate that proves nothing.</summary>
    Invalid = 9,

    /// <summary>Of a round too far ahead; only that the seat is there is kept.</summary>
    RoundAhead = 10,
}
