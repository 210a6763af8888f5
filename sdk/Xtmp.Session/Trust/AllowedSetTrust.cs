using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Trusts the members of a set the application keeps.</summary>
internal sealed class AllowedSetTrust(Func<Fingerprint, bool> isAllowed) : ITrustPolicy
{
    public string Name => "set";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now) =>
        isAllowed(peer.Fingerprint) ? TrustDecision.Trusted : TrustDecision.Rejected($"the {peer.Role} identity {peer.Fingerprint} is not allowed here");
}
