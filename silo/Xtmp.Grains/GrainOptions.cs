using Xtmp.Crypto;
using Xtmp.Messages;

namespace Xtmp.Grains;

/// <summary>What a silo's operator decides about its grains.</summary>
public sealed record GrainOptions
{
    /// <summary>
    /// The network whose signatures count here (<see cref="NetworkName"/>). Empty: a silo puts the name of its own
    /// fingerprint in its place.
    /// </summary>
    public string Network { get; init; } = "";

    /// <summary>Currency of every wallet, three to eight capital letters.</summary>
    public string Currency { get; init; } = "XTM";

    /// <summary>Minor units issued to a wallet at its registration.</summary>
    public ulong OpeningBalance { get; init; }

    /// <summary>
    /// Refuse transfers without an ML-DSA-87 signature. Without it a transfer rests on Ed25519 and on the session, which
    /// is post-quantum; the signature kept for later proof would not be.
    /// </summary>
    public bool RequirePqSignature { get; init; } = true;

    /// <summary>How long a transfer's reply waits for the receiver to have the money.</summary>
    public TimeSpan SettlementWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most minor units that one transfer or hold moves.</summary>
    public ulong MaxTransfer { get; init; } = long.MaxValue;

    /// <summary>
    /// Most minor units that leave a wallet on one day of UTC, by transfers and holds. A hold counts when it is placed, and
    /// what comes back of it stays counted.
    /// </summary>
    public ulong MaxTransferPerDay { get; init; } = long.MaxValue;

    /// <summary>Open holds of one wallet.</summary>
    public int MaxHolds { get; init; } = 64;

    /// <summary>Longest time from a hold's placement to its expiry.</summary>
    public TimeSpan MaxHoldTime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>A game of which nothing is heard for so long is settled by its last certificate.</summary>
    public TimeSpan GamePatience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Notaries whose verdicts count, by id. With none, bundles stay at submitted.</summary>
    public IReadOnlyDictionary<string, IdentityPublicKey> Notaries { get; init; } = new Dictionary<string, IdentityPublicKey>();

    /// <summary>Ledger nodes that may submit bundles, by id. With none, nobody may.</summary>
    public IReadOnlyDictionary<string, IdentityPublicKey> Nodes { get; init; } = new Dictionary<string, IdentityPublicKey>();

    /// <summary>
    /// How long a session's record is kept after its end. One whose end nobody recorded, because the silo died, goes
    /// after four times as long.
    /// </summary>
    public TimeSpan SessionRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Approvals that confirm a bundle.</summary>
    public int RequiredApprovals { get; init; } = 2;
}
