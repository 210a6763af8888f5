using System.Collections.Immutable;
using System.Net;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Grains;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Storage;

namespace Xtmp.Silo;

/// <summary>
/// How a silo is put together. The defaults are the safe ones: loopback only, no money from nowhere. A silo reads it once, at
/// its start.
/// </summary>
public sealed record SiloOptions
{
    public const int DefaultPort = 7778;

    /// <summary>Directory of the database, the identity and nothing else. Made when it does not exist.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>TCP port of the socket gateway; 0 takes a free one, see <see cref="SiloHost.EndPoint"/>.</summary>
    public int Port { get; set; } = DefaultPort;

    /// <summary>The address the socket gateway listens on.</summary>
    public IPAddress Bind { get; set; } = IPAddress.Loopback;

    /// <summary>Offer datagrams beside the streams, on the UDP port of the same number as <see cref="Port"/>.</summary>
    public bool Datagrams { get; set; } = true;

    /// <summary>Where clients are told to send datagrams, as <c>host:port</c>; for a silo behind address translation. Null: the same port at the host they have reached.</summary>
    public string? DatagramEndpoint { get; set; }

    /// <summary>Address and port of the WebSocket gateway (<c>ws://…/xtmp</c>), for clients that nothing else reaches; port 0 takes a free one. Null: none.</summary>
    public IPEndPoint? WebSocket { get; set; }

    /// <summary>Loopback address and port of health and metrics over HTTP; port 0 takes a free one. Null: none.</summary>
    public IPEndPoint? Admin { get; set; }

    /// <summary>
    /// Serve Orleans' own dashboard at <c>/orleans/</c> of <see cref="Admin"/>, beside the silo's: activations by kind and silo, and calls
    /// that came as messages. Every silo of a cluster has to have it on.
    /// </summary>
    public bool OrleansDashboard { get; set; }

    /// <summary>
    /// The cluster this silo is one of, with its grains in the same database; null: alone, with grains in a SQLite file. Unless it
    /// allows plain traffic, the data directory holds the keys that <c>xtmp-silo cluster join</c> makes, and they set its name and traffic.
    /// </summary>
    public ClusterSettings? Cluster { get; set; }

    /// <summary>
    /// Silos of the cluster whose certificates count no more, though they have not ended: the fingerprints that <c>xtmp-silo cluster
    /// join</c> printed for them.
    /// </summary>
    public IReadOnlyList<Fingerprint> WithdrawnSilos { get; set; } = [];

    /// <summary>What the operator decides about wallets and bundles.</summary>
    public GrainOptions Grains { get; set; } = new();

    /// <summary>
    /// Authorities of TLSLS certificates by name, each with the file of its identity (<c>xtmp keygen</c>), which is its root too; beside
    /// those of <see cref="GrainOptions.Authorities"/>. The silos of a cluster all have the same.
    /// </summary>
    public IReadOnlyDictionary<string, string> AuthorityFiles { get; set; } = new Dictionary<string, string>();

    /// <summary>Longest lifetime of a certificate of these authorities, and of the silo's own.</summary>
    public TimeSpan MaxCertificateLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How much the silo's store keeps, and what of it is for settling.</summary>
    public StoreLimits Storage { get; set; } = new();

    /// <summary>Whether clients prove an identity in the handshake.</summary>
    public ClientAuthentication ClientAuthentication { get; set; } = ClientAuthentication.Optional;

    /// <summary>Client identities that are let in; empty lets in any identity, which then grants nothing by itself.</summary>
    public IReadOnlyList<Fingerprint> AllowedClients { get; set; } = [];

    /// <summary>
    /// Decides about client identities in place of <see cref="AllowedClients"/>. Asked at every handshake, with a ticket or
    /// without, so that a set behind it may change while the silo runs (<see cref="TrustPolicy.AnyOf"/>).
    /// </summary>
    public ITrustPolicy? ClientTrust { get; set; }

    /// <summary>
    /// Root whose certificates of clients count here, beside <see cref="AllowedClients"/>: they let a client in, and their names
    /// may have roles (<see cref="GatewayOptions.CertifiedRoles"/>). Null: no certificate is looked at.
    /// </summary>
    public IdentityPublicKey? ClientRoot { get; set; }

    /// <summary>Serial numbers of that root's certificates that are withdrawn.</summary>
    public IReadOnlyList<ulong> WithdrawnCertificates { get; set; } = [];

    /// <summary>
    /// Refuse clients with another fingerprint of XTMP's schema, or of one of the schemas served here that they announce.
    /// False lets them in: a schema may grow without breaking its older users.
    /// </summary>
    public bool RequireSameSchemas { get; set; }

    /// <summary>
    /// The identity that will follow this silo's: hellos addressed to it are accepted too. After the change the one before
    /// belongs here, until all clients have moved on.
    /// </summary>
    public Fingerprint? NextFingerprint { get; set; }

    /// <summary>How records may be encrypted, in the order this silo prefers.</summary>
    public ImmutableArray<EncryptionType> EncryptionTypes { get; set; } = [EncryptionType.Aes256Gcm, EncryptionType.ChaCha20Poly1305, EncryptionType.PostQuantum];

    /// <summary>Compress messages that the schema calls compressible.</summary>
    public bool EnableCompression { get; set; } = true;

    /// <summary>How long one key seals tickets, at least a minute. It opens them for two such times more.</summary>
    public TimeSpan TicketKeyPeriod { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How long a ticket may be used; under a second gives none. Never longer than 24 h after the last signed handshake.</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>The clock of sessions and grains; tests put a virtual one here.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Limits of the gateway.</summary>
    public GatewayOptions Gateway { get; set; } = new();

    /// <summary>Limits of the grains' runtime. What goes wrong inside goes to the log.</summary>
    public RuntimeOptions Runtime { get; set; } = new();

    /// <summary>File of the audit log (<see cref="AuditLog"/>), relative to the data directory; empty for none.</summary>
    public string AuditLog { get; set; } = "";

    /// <summary>Where metrics are sent.</summary>
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>Allow what only a silo for trying things out may do: issue money to anybody who comes. Asked for where options come from a configuration.</summary>
    public bool Development { get; set; }

    /// <summary>How long a stop waits for calls in flight before it closes their connections.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(8);
}
