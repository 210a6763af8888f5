using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Silo;

/// <summary>
/// Trusts the clients of a set, and those whose certificate an offline root has signed. Who shows a certificate of that root
/// is judged by it: one that is false, over or withdrawn lets nobody in.
/// </summary>
internal sealed class CertifiedClients(ITrustPolicy others, IdentityPublicKey root, Func<ulong, bool> isRevoked) : ITrustPolicy
{
    private readonly ITrustPolicy _root = TrustPolicy.Root(root, isRevoked);

    public string Name { get; } = $"clients:{root.Fingerprint}";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now) =>
        (peer.Verified?.Certificate ?? peer.Certificate)?.RootFingerprint == root.Fingerprint ? _root.Evaluate(peer, now) : others.Evaluate(peer, now);
}
