using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Options of the server end, shared by all sessions of a listener.</summary>
public sealed record ServerSessionOptions : SessionOptions
{
    public ClientAuthentication ClientAuthentication { get; init; } = ClientAuthentication.Optional;

    /// <summary>Decides which client identities are accepted. Null accepts any identity a client proves.</summary>
    public ITrustPolicy? ClientTrust { get; init; }

    /// <summary>
    /// The fingerprint that will follow this one: hellos addressed to it are accepted too. After the change the one
    /// before belongs here, until all clients have moved on.
    /// </summary>
    public Fingerprint? NextFingerprint { get; init; }

    /// <summary>Accept hellos with a zero mac1, which first-use clients send.</summary>
    public bool AllowAnonymousHello { get; init; } = true;

    /// <summary>Keys that seal tickets; shared by the silos of a cluster. Null: no resumption.</summary>
    public TicketKeyRing? TicketKeys { get; init; }

    /// <summary>How long a ticket may be used; never longer than 24 h after the last signed handshake.</summary>
    public TimeSpan TicketLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>"host:port" of this silo's UDP socket, or null.</summary>
    public string? DatagramEndpoint { get; init; }

    /// <summary>Say that a trace context may stand behind a request's message; the owner reads it (<see cref="TraceContext"/>).</summary>
    public bool TakesTraceContext { get; init; }

    /// <summary>Asked once per hello, after mac1 and before any public-key work. Null admits all.</summary>
    public IHandshakeAdmission? Admission { get; init; }
}
