using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>
/// Trusts the silos of one cluster: a certificate of the cluster's root that bears the cluster's name. A root may sign others too,
/// which are no silos, and one that was a silo may have been withdrawn. Sessions ask at the handshake and at each heartbeat.
/// </summary>
internal sealed class SiloTrust(SiloCredentials credentials) : ITrustPolicy
{
    private readonly ITrustPolicy _root = TrustPolicy.Root(credentials.Root);

    public string Name { get; } = $"silo:{credentials.Root.Fingerprint}";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now)
    {
        if (credentials.IsWithdrawn(peer.Fingerprint))
        {
            return TrustDecision.Rejected($"the silo {peer.Fingerprint} was withdrawn");
        }

        var decision = _root.Evaluate(peer, now);
        return decision.IsTrusted && decision.Certificate!.Certificate.Name != credentials.Cluster
            ? TrustDecision.Rejected($"the certificate is for '{decision.Certificate.Certificate.Name}', not for a silo of '{credentials.Cluster}'")
            : decision;
    }
}
