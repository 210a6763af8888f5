namespace BitChat.Peer;

/// <summary>Why an operation is not one of the game's. Whoever proposes or signs such an operation is at fault.</summary>
public enum GameFault
{
    None = 0,

    /// <summary>The player does not sit at the table.</summary>
    UnknownPlayer,

    /// <summary>Bets are final until the roll, or a roll comes before they are.</summary>
    WrongPhase,

    /// <summary>The number of the roll is not the next one's.</summary>
    WrongRoll,

    /// <summary>The stake is 0 or more than the player has.</summary>
    NotEnoughChips,

    /// <summary>The bank could not pay if every bet on the table won the most it can.</summary>
    BankTooSmall,

    /// <summary>The bet cannot be placed while the table's point is as it is.</summary>
    NotNow,

    /// <summary>The bet needs a point it lacks, has one it does not take, or one it does not know.</summary>
    WrongPoint,

    /// <summary>The operation has placed a bet already.</summary>
    Repeated,

    /// <summary>The player has <see cref="CrapsTable.MaxBetsPerPlayer"/> bets.</summary>
    TooManyBets,

    /// <summary>No bet of this player was placed by that operation.</summary>
    UnknownBet,

    /// <summary>The bet has its point and stays until it is decided.</summary>
    BetStays,

    /// <summary>A die shows 1 to 6.</summary>
    NoSuchDie,

    /// <summary>Not the encoding of an operation of this game.</summary>
    Malformed,

    /// <summary>The table has no place left, or the player has one.</summary>
    NoPlace,
}
