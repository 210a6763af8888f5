namespace BitChat.Peer;

/// <summary>Why an operation cannot be decided on top of a state. The same answer at every correct seat.</summary>
public enum TableFault : byte
{
    None = 0,

    /// <summary>The signature is not the player's over this operation.</summary>
    BadSignature,

    /// <summary>The body is no operation of a table.</summary>
    Malformed,

    /// <summary>Who signed it has no seat.</summary>
    UnknownSeat,

    /// <summary>Not above the sequence of the player's last operation.</summary>
    OldSequence,

    /// <summary>The table is not at the point where such an operation has a place.</summary>
    WrongMoment,

    /// <summary>A witness has no chips.</summary>
    Witness,

    /// <summary>Only the leader ends betting.</summary>
    NotLeader,

    /// <summary>The seats have no coin yet.</summary>
    CoinNotReady,

    /// <summary>Of another roll than the next.</summary>
    WrongRoll,

    /// <summary>A part of the roll that proves nothing, or too few parts, or another outcome than they make.</summary>
    BadReveal,

    /// <summary>Before its time.</summary>
    TooSoon,

    /// <summary>A dealing that is malformed, repeated, or of a seat that may not deal.</summary>
    BadDealing,

    /// <summary>A verdict on other dealings than those that stand, or a complaint that proves nothing.</summary>
    BadVerdict,

    /// <summary>Another term or leader than the next.</summary>
    BadRotation,

    /// <summary>All seats are taken, too many have come and gone, the player has one, or the request is not signed.</summary>
    BadAdmission,

    /// <summary>The player was expelled.</summary>
    Excluded,

    /// <summary>Evidence that proves nothing.</summary>
    BadEvidence,

    /// <summary>The game refuses it.</summary>
    Game,

    /// <summary>Chips would appear or vanish.</summary>
    NotConserved,

    /// <summary>An operation that changes the seats is the last of its value.</summary>
    NotLast,

    /// <summary>The table has ended.</summary>
    Closed,

    /// <summary>Time would run backwards, the height or the state it builds on is another, or the state root does not follow.</summary>
    WrongState,

    /// <summary>More than a value may hold.</summary>
    TooLarge,

    /// <summary>This seat was below a quorum for so long that it dropped what waited (<see cref="PartitionRecoveryManager.Emergency"/>).</summary>
    CutOff,
}
