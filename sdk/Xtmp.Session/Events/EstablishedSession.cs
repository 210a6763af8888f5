using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>What a finished handshake settled. Holds no secret.</summary>
public sealed record EstablishedSession
{
    public required ulong SessionId { get; init; }

    public required CipherSuite Suite { get; init; }

    public required EncryptionType Encryption { get; init; }

    /// <summary>No signatures were exchanged: the session rests on a ticket.</summary>
    public required bool Resumed { get; init; }

    public required Fingerprint ServerFingerprint { get; init; }

    /// <summary>The identity the client proved, or null.</summary>
    public Fingerprint? ClientFingerprint { get; init; }

    /// <summary>The peer as it proved itself, now or when the ticket was given; null for a client without identity.</summary>
    public VerifiedPeer? Peer { get; init; }

    /// <summary>What an offline root says of the peer, where the policy of this end verified that.</summary>
    public IdentityCertificate? PeerCertificate => Peer?.Certificate?.Certificate;

    /// <summary>Largest message the peer takes, in bytes.</summary>
    public required int PeerMaxMessageBytes { get; init; }

    /// <summary>Requests the peer lets this end have unanswered at one time.</summary>
    public required int PeerMaxConcurrentRequests { get; init; }

    /// <summary>Items this end may send on a new stream before the first Credit message.</summary>
    public required int PeerInitialStreamCredit { get; init; }

    /// <summary>The peer's schema fingerprint, or empty.</summary>
    public ReadOnlyMemory<byte> PeerSchemaFingerprint { get; init; }

    /// <summary>The server takes a trace context behind a request's message (<see cref="TraceContext"/>).</summary>
    public bool PeerTakesTraceContext { get; init; }

    /// <summary>Names of the schemas that both ends speak and whose fingerprints differ, XTMP's own (<c>xtmp</c>) among them.</summary>
    public IReadOnlyList<string> SchemaMismatches { get; init; } = [];

    /// <summary>"host:port" of the server's UDP socket, where it has one and both ends want it.</summary>
    public string? DatagramEndpoint { get; init; }

    /// <summary>When both ends last proved their identities by signature.</summary>
    public required DateTimeOffset SignedAt { get; init; }
}
