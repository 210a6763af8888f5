using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>What a handshake says of the peer.</summary>
public sealed record PeerIdentity
{
    /// <summary>Which end the peer is.</summary>
    public required PeerRole Role { get; init; }

    public required Fingerprint Fingerprint { get; init; }

    /// <summary>Null on resumption, where only the fingerprint is carried over.</summary>
    public IdentityPublicKey? PublicKey { get; init; }

    /// <summary>What an offline root said of the identity; on resumption what it said at the last signed handshake.</summary>
    public IdentityCertificate? Certificate { get; init; }

    /// <summary>The name this end asked for, or null.</summary>
    public string? ExpectedName { get; init; }

    /// <summary>The handshake rests on a ticket: the certificate's signatures were checked when the ticket was made.</summary>
    public bool Resumed { get; init; }
}
