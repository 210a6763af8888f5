namespace BitChat.Peer;

/// <summary>The rules on which safety rests. Only the simulator's mutants have others.</summary>
internal sealed record ConsensusRules
{
    public static ConsensusRules Sound { get; } = new();

    /// <summary>Votes that make a quorum of n seats.</summary>
    public Func<SeatSet, int> Quorum { get; init; } = static seats => seats.Quorum;

    /// <summary>What is signed is durable first.</summary>
    public bool PersistsBeforeSigning { get; init; } = true;

    /// <summary>A lock holds in later rounds.</summary>
    public bool KeepsLock { get; init; } = true;

    /// <summary>A lock is released only by a proof of a later one.</summary>
    public bool ChecksProofOfLock { get; init; } = true;

    /// <summary>A restart brings back the lock.</summary>
    public bool RestoresLock { get; init; } = true;

    /// <summary>Only signatures that verify count.</summary>
    public bool VerifiesSignatures { get; init; } = true;

    /// <summary>A seat counts once.</summary>
    public bool CountsSeatsOnce { get; init; } = true;

    /// <summary>Certificates are verified before they decide.</summary>
    public bool VerifiesCertificates { get; init; } = true;

    /// <summary>Only the round's proposer proposes.</summary>
    public bool ChecksProposer { get; init; } = true;

    /// <summary>Only valid values are voted for.</summary>
    public bool ChecksValues { get; init; } = true;

    /// <summary>A value is precommitted only with a quorum of prevotes.</summary>
    public bool NeedsPrevotes { get; init; } = true;

    /// <summary>A precommit for nothing does not count for a value.</summary>
    public bool TellsNilApart { get; init; } = true;
}
