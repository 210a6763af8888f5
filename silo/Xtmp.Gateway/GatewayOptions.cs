using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>Limits of a gateway. The defaults are meant for untrusted peers.</summary>
public sealed record GatewayOptions
{
    /// <summary>Connections at one time, over all listeners; one more is closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Connections of one address, or of one IPv6 /64, at one time.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 2_048;

    /// <summary>Connections of one address, or of one IPv6 /64, whose handshake is not over.</summary>
    public int MaxHalfOpenPerAddress { get; init; } = 256;

    /// <summary>Connections of all addresses whose handshake is not over.</summary>
    public int MaxHalfOpen { get; init; } = 4_096;

    /// <summary>A connection on which no byte comes for this long is closed before anything is made for it.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Handshakes one address may start within <see cref="HandshakeWindow"/> before it is told to wait.</summary>
    public int MaxHandshakesPerAddress { get; init; } = 200;

    /// <summary>Handshakes all addresses together may start within <see cref="HandshakeWindow"/>.</summary>
    public int MaxHandshakes { get; init; } = 5_000;

    /// <summary>
    /// Handshakes of clients that do not know this silo's fingerprint yet which may start within
    /// <see cref="HandshakeWindow"/>: their hellos prove nothing, and the answer is long. 0 takes no such hello at all.
    /// </summary>
    public int MaxUnaddressedHandshakes { get; init; } = 500;

    /// <summary>The span over which handshakes are counted; also what a refused client is told to wait.</summary>
    public TimeSpan HandshakeWindow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Origins, such as <c>https://app.example.org</c>, whose pages may open WebSockets here. None: no page may, programs may.</summary>
    public IReadOnlyList<string> WebSocketOrigins { get; init; } = [];

    public SessionLimits SessionLimits { get; init; } = SessionLimits.Default with { MaxSendQueueBytes = 20L * 1024 * 1024 };

    /// <summary>Hides the sizes of the silo's messages.</summary>
    public PaddingPolicy Padding { get; init; } = PaddingPolicy.None;

    /// <summary>Limits of the pumps. The gateway sets <see cref="PumpOptions.Budget"/> and <see cref="PumpOptions.StopsReadingWhenFull"/>.</summary>
    public PumpOptions Pump { get; init; } = PumpOptions.Default;

    public DecodeLimits DecodeLimits { get; init; } = DecodeLimits.Untrusted;

    /// <summary>Bound of one unary call, after which the caller is told <see cref="XtmpErrorCode.Timeout"/>.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls of one session that run at one time; further ones wait their turn, in order.</summary>
    public int MaxRunningCalls { get; init; } = 256;

    /// <summary>The same for a session in which nobody has proved who they are.</summary>
    public int MaxRunningCallsAnonymous { get; init; } = 64;

    /// <summary>Streams of one session that are open at one time.</summary>
    public int MaxStreams { get; init; } = 1_024;

    /// <summary>Streams of one identity that are open at one time, over all its sessions.</summary>
    public int MaxStreamsPerIdentity { get; init; } = 4_096;

    /// <summary>How long a session lives in which nobody has proved an identity or a wallet.</summary>
    public TimeSpan AnonymousLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Bytes that all sessions together may hold for their peers (<see cref="MemoryBudget"/>). Null: an eighth of the process's
    /// memory, at most 1 GiB. <see cref="long.MaxValue"/>: nothing is counted, for measurements.
    /// </summary>
    public long? MemoryBudgetBytes { get; init; }

    /// <summary>How often calls of each cost class may be made.</summary>
    public RateLimits Rates { get; init; } = RateLimits.Default;

    /// <summary>What identities may be (<see cref="CallerRoles"/>). An identity that is not in it has no role.</summary>
    public IReadOnlyDictionary<Fingerprint, CallerRoles> Roles { get; init; } = new Dictionary<Fingerprint, CallerRoles>();

    /// <summary>The same by the names in certificates, of sessions whose trust policy verified one (<see cref="TrustPolicy.Root"/>).</summary>
    public IReadOnlyDictionary<string, CallerRoles> CertifiedRoles { get; init; } = new Dictionary<string, CallerRoles>();
}
