using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>An engine that lacks one rule. The simulator must catch each, or it would not catch such a fault in the engine either.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seats">Seats of the tables at which it shows.</param>
/// <param name="Faults">Byzantine seats there.</param>
public sealed record Mutant(string Name, int Seats, int Faults)
{
    /// <summary>What its Byzantine seats do; null: what the seed says.</summary>
    public IReadOnlyList<FaultKind>? Does { get; init; }

    internal ConsensusRules Consensus { get; init; } = ConsensusRules.Sound;

    internal TableMutations Table { get; init; } = TableMutations.None;

    public static IReadOnlyList<Mutant> All { get; } =
    [
        new("half-quorum", 4, 1) { Consensus = new() { Quorum = static seats => (seats.Count / 2) + 1 } },
        new("two-thirds-rounded-up", 3, 0) { Consensus = new() { Quorum = static seats => ((2 * seats.Count) + 2) / 3 } },
        new("sign-before-durable", 4, 1) { Consensus = new() { PersistsBeforeSigning = false } },
        new("no-signatures", 4, 1) { Consensus = new() { VerifiesSignatures = false } },
        new("repeated-seats", 4, 1) { Consensus = new() { CountsSeatsOnce = false } },
        new("unverified-certificate", 4, 1) { Consensus = new() { VerifiesCertificates = false } },
        new("any-proposer", 4, 1) { Consensus = new() { ChecksProposer = false } },
        new("invalid-values", 4, 1) { Consensus = new() { ChecksValues = false } },
        new("no-prevotes", 4, 1) { Consensus = new() { NeedsPrevotes = false } },
        new("nil-counts", 4, 1) { Consensus = new() { TellsNilApart = false } },
        new("dropped-lock", 4, 1) { Consensus = new() { KeepsLock = false } },
        new("unproved-lock", 4, 1) { Consensus = new() { ChecksProofOfLock = false } },
        new("forgotten-lock", 4, 1) { Consensus = new() { RestoresLock = false } },
        new("unbound-commitment", 4, 1) { Does = [FaultKind.DiceBias], Table = new() { BindsReveals = false } },
        new("early-reveal", 4, 0) { Table = new() { RevealsAfterBets = false } },
        new("unverified-snapshot", 4, 1) { Does = [FaultKind.LyingSync], Table = new() { VerifiesSnapshots = false } },
        new("unverified-checkpoint", 4, 1) { Does = [FaultKind.LyingSync], Table = new() { VerifiesCheckpoints = false } },
        new("unverified-evidence", 4, 1) { Does = [FaultKind.Forgery], Table = new() { VerifiesEvidence = false } },
        new("forgotten-intents", 4, 0) { Table = new() { KeepsIntents = false } },
    ];

    public static Mutant? Find(string name) => All.FirstOrDefault(mutant => mutant.Name == name);
}
