using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>Limits of a gateway. The defaults are meant for untrusted peers.</summary>
public sealed record GatewayOptions
{
    /// <summary>Connections at one time, over all listeners; one more is closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Handshakes one address may start within <see cref="HandshakeWindow"/> before it is told to wait.</summary>
    public int MaxHandshakesPerAddress { get; init; } = 200;

    /// <summary>Handshakes all addresses together may start within <see cref="HandshakeWindow"/>.</summary>
    public int MaxHandshakes { get; init; } = 5_000;

    /// <summary>
    /// Handshakes of clients that do not know this silo's fingerprint yet which may start within
    /// <see cref="HandshakeWindow"/>: their hellos prove nothing, and the answer is long.
    /// </summary>
    public int MaxUnaddressedHandshakes { get; init; } = 500;

    /// <summary>The span over which handshakes are counted; also what a refused client is told to wait.</summary>
    public TimeSpan HandshakeWindow { get; init; } = TimeSpan.FromSeconds(1);

    public SessionLimits SessionLimits { get; init; } = SessionLimits.Default;

    public PumpOptions Pump { get; init; } = PumpOptions.Default;

    public DecodeLimits DecodeLimits { get; init; } = DecodeLimits.Untrusted;

    /// <summary>Bound of one unary call, after which the caller is told <see cref="XtmpErrorCode.Timeout"/>.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
