using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Accepts whatever identity a peer proves, and looks at no certificate.</summary>
internal sealed class AnyIdentityTrust : ITrustPolicy
{
    public static AnyIdentityTrust Instance { get; } = new();

    public string Name => "any";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now) => TrustDecision.Trusted;
}
