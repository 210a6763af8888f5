using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// Decides whether a peer's identity is the right one. Evaluated on every handshake, resumed ones included, so that a
/// withdrawn pin ends resumption too. Must be safe for concurrent use where sessions share it.
/// </summary>
public interface ITrustPolicy
{
    /// <summary>The fingerprint this end expects before it has heard anything, for the hello's mac1; null when it has none.</summary>
    Fingerprint? ExpectedFingerprint { get; }

    /// <summary>The expected peer's public key where this end keeps it: the peer then sends only its fingerprint.</summary>
    IdentityPublicKey? KnownKey { get; }

    /// <summary>Judges an identity. Called before its signature is verified: remember nothing here.</summary>
    TrustDecision Evaluate(PeerIdentity peer, Instant now);

    /// <summary>Called once the handshake has proved that the peer holds the identity's private key.</summary>
    void Accepted(PeerIdentity peer, Instant now)
    {
    }
}
