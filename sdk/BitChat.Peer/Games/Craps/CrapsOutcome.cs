namespace BitChat.Peer;

/// <summary>What a roll does to a bet.</summary>
public enum CrapsOutcome
{
    Stays,
    Loses,

    /// <summary>The stake goes back.</summary>
    Pushes,

    /// <summary>The stake goes back with what the bank adds; the bet is over.</summary>
    Wins,
}
