using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Trusts what an offline root has signed.</summary>
internal sealed class RootTrust(IdentityPublicKey root, Func<ulong, bool>? isRevoked) : ITrustPolicy
{
    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now)
    {
        var certificate = peer.Certificate;
        if (certificate is null)
        {
            return TrustDecision.Rejected($"the {peer.Role} showed no certificate");
        }

        if (certificate.Fingerprint != peer.Fingerprint)
        {
            return TrustDecision.Rejected("the certificate is for another identity");
        }

        if (certificate.RootFingerprint != root.Fingerprint)
        {
            return TrustDecision.Rejected($"the certificate is by root {certificate.RootFingerprint}");
        }

        if (certificate.Role != peer.Role)
        {
            return TrustDecision.Rejected($"the certificate is for a {certificate.Role}");
        }

        if (peer.ExpectedName is { } name && !string.Equals(certificate.Name, name, StringComparison.OrdinalIgnoreCase))
        {
            return TrustDecision.Rejected($"the certificate is for '{certificate.Name}', not '{name}'");
        }

        if (now.Wall < certificate.NotBefore || now.Wall > certificate.NotAfter)
        {
            return TrustDecision.Rejected($"the certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}");
        }

        if (isRevoked?.Invoke(certificate.Serial) == true)
        {
            return TrustDecision.Rejected($"certificate {certificate.Serial} is withdrawn");
        }

        // A ticket is sealed by this end or rests on a handshake in which the signatures were checked.
        return peer.Resumed || certificate.VerifySignatures(root)
            ? TrustDecision.Trusted
            : TrustDecision.Rejected("the certificate's signatures are not the root's");
    }
}
