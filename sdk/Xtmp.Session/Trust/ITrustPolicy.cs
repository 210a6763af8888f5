using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// Decides whether a peer's identity is the right one. Evaluated on every handshake, resumed ones included, and again
/// with every heartbeat of a live session, so that a withdrawn identity ends its sessions and its tickets. Must be quick,
/// and safe for concurrent use where sessions share it.
/// </summary>
public interface ITrustPolicy
{
    /// <summary>
    /// Names the policy and what it rests on, for example <c>root:</c> and a fingerprint; at most 200 characters. A ticket
    /// given under one name is not resumed under another.
    /// </summary>
    string Name { get; }

    /// <summary>The fingerprint this end expects before it has heard anything, for the hello's mac1; null when it has none.</summary>
    Fingerprint? ExpectedFingerprint { get; }

    /// <summary>The expected peer's public key where this end keeps it: the peer then sends only its fingerprint.</summary>
    IdentityPublicKey? KnownKey { get; }

    /// <summary>
    /// Decides on a claim, and returns the certificate it verified in doing so. Called before the peer's signature is
    /// verified: remember nothing here.
    /// </summary>
    TrustDecision Evaluate(PeerIdentity peer, Instant now);

    /// <summary>Called once the handshake has proved that the peer holds the identity's private key.</summary>
    void Accepted(PeerIdentity peer, Instant now)
    {
    }
}
