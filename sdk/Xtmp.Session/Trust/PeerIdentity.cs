using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>What a peer claims to be, before a policy and a signature have confirmed it.</summary>
public sealed record PeerIdentity
{
    /// <summary>Which end the peer is.</summary>
    public required PeerRole Role { get; init; }

    public required Fingerprint Fingerprint { get; init; }

    /// <summary>Null on resumption and for a live session, where only the fingerprint is carried over.</summary>
    public IdentityPublicKey? PublicKey { get; init; }

    /// <summary>The certificate the peer showed. Nobody has checked its signatures yet. Null on resumption.</summary>
    public IdentityCertificate? Certificate { get; init; }

    /// <summary>
    /// With a ticket or a live session: the certificate a policy of this end verified at the last signed handshake, or
    /// null where none did.
    /// </summary>
    public VerifiedCertificate? Verified { get; init; }

    /// <summary>The name this end asked for, or null.</summary>
    public string? ExpectedName { get; init; }

    /// <summary>The identity was proved by signature before: a ticket or the running session carries it.</summary>
    public bool Resumed { get; init; }
}
