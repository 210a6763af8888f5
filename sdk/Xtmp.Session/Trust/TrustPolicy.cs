using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>The trust policies of SPEC §2.</summary>
public static class TrustPolicy
{
    /// <summary>Exactly this identity, or the one announced to follow it.</summary>
    public static ITrustPolicy Pinned(Fingerprint current, Fingerprint? next = null) => new PinnedTrust(current, next);

    /// <summary>Identities with a valid certificate of this offline root for the peer's role and the expected name; a client has to name its server.</summary>
    /// <param name="root">The root's public key.</param>
    /// <param name="isRevoked">Tells withdrawn serials; null: none.</param>
    public static ITrustPolicy Root(IdentityPublicKey root, Func<ulong, bool>? isRevoked = null) => new RootTrust(root, isRevoked);

    /// <summary>What the known hosts remember, and on first use whatever the server shows.</summary>
    public static ITrustPolicy FirstUse(IKnownHosts knownHosts, string host) => new FirstUseTrust(knownHosts, host);

    /// <summary>Any of a set of identities that may change while the process runs (a server's allowed clients).</summary>
    public static ITrustPolicy AnyOf(Func<Fingerprint, bool> isAllowed) => new AllowedSetTrust(isAllowed);
}
