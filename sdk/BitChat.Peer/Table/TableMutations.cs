namespace BitChat.Peer;

/// <summary>Rules of the table that only the simulator's mutants lack.</summary>
internal sealed record TableMutations
{
    public static TableMutations None { get; } = new();

    /// <summary>A reveal is checked against its commitment, and a share of the coin against its proof.</summary>
    public bool BindsReveals { get; init; } = true;

    /// <summary>Parts of a roll leave only once bets are final.</summary>
    public bool RevealsAfterBets { get; init; } = true;

    /// <summary>A snapshot is checked against a certified root.</summary>
    public bool VerifiesSnapshots { get; init; } = true;

    /// <summary>A checkpoint needs a quorum of signatures.</summary>
    public bool VerifiesCheckpoints { get; init; } = true;

    /// <summary>A rewritten journal keeps what was signed at the height in progress.</summary>
    public bool KeepsIntents { get; init; } = true;

    /// <summary>Expelling needs evidence that proves.</summary>
    public bool VerifiesEvidence { get; init; } = true;
}
