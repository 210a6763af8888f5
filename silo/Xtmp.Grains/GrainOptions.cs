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

    /// <summary>How long a device's authentication holds.</summary>
    public TimeSpan DeviceAuthenticationTime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Envelopes that wait for one device; the oldest make room.</summary>
    public int MaxDeviceEnvelopes { get; init; } = 64;

    /// <summary>Lock sessions of one space.</summary>
    public int MaxLockSessions { get; init; } = 1_024;

    /// <summary>Lock sessions of one wallet in one space.</summary>
    public int MaxLockSessionsPerWallet { get; init; } = 64;

    /// <summary>Resources that one lock session holds, at most 1,024.</summary>
    public int MaxLocksPerSession { get; init; } = 256;

    /// <summary>Requests for locks that wait in one space.</summary>
    public int MaxLockWaits { get; init; } = 256;

    /// <summary>Requests for locks that wait for one lock session.</summary>
    public int MaxLockWaitsPerSession { get; init; } = 4;

    /// <summary>
    /// How long a request for locks waits at most; less than a call may take. A session whose request ran out of time keeps
    /// its place for the next one.
    /// </summary>
    public TimeSpan MaxLockWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Notaries whose verdicts count, by id. With none, bundles stay at submitted.</summary>
    public IReadOnlyDictionary<string, IdentityPublicKey> Notaries { get; init; } = new Dictionary<string, IdentityPublicKey>();

    /// <summary>Ledger nodes that may submit bundles, by id. With none, nobody may.</summary>
    public IReadOnlyDictionary<string, IdentityPublicKey> Nodes { get; init; } = new Dictionary<string, IdentityPublicKey>();

    /// <summary>
    /// How long a session's record is kept after its end. One whose end nobody recorded, because the silo died, goes
    /// after four times as long.
    /// </summary>
    public TimeSpan SessionRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Authorities of TLSLS certificates, by name. A silo that is alone adds one named "silo", whose root is its own identity;
    /// in a cluster there are those that are given here.
    /// </summary>
    public IReadOnlyDictionary<string, AuthorityOptions> Authorities { get; init; } = new Dictionary<string, AuthorityOptions>();

    /// <summary>Signs the registry's stamps; a silo puts its own identity here. Null: stamps are not signed.</summary>
    public IdentityKey? SiloIdentity { get; init; }

    /// <summary>Hedges what <see cref="SiloIdentity"/> and <see cref="Authorities"/> sign; needed where there are any. A silo puts the system's here.</summary>
    public IEntropy? Entropy { get; init; }

    /// <summary>How long an operator's question about a session waits for the session's gateway.</summary>
    public TimeSpan GatewayPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Approvals that confirm a bundle.</summary>
    public int RequiredApprovals { get; init; } = 2;

    internal IEntropy RequireEntropy() => Entropy ?? throw new InvalidOperationException($"Who gives a silo keys to sign with gives it {nameof(Entropy)} too.");
}
