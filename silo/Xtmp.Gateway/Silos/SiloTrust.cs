using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>
/// Trusts the silos of one cluster: a certificate of the cluster's root that bears the cluster's name. A root may sign others too,
/// which are no silos.
/// </summary>
internal sealed class SiloTrust(IdentityPublicKey root, string cluster) : ITrustPolicy
{
    private readonly ITrustPolicy _root = TrustPolicy.Root(root);

    public string Name { get; } = $"silo:{root.Fingerprint}";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now)
    {
        var decision = _root.Evaluate(peer, now);
        return decision.IsTrusted && decision.Certificate!.Certificate.Name != cluster
            ? TrustDecision.Rejected($"the certificate is for '{decision.Certificate.Certificate.Name}', not for a silo of '{cluster}'")
            : decision;
    }
}
