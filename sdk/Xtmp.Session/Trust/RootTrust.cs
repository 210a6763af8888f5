using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Trusts what an offline root has signed.</summary>
internal sealed class RootTrust(IdentityPublicKey root, Func<ulong, bool>? isRevoked) : ITrustPolicy
{
    public string Name { get; } = $"root:{root.Fingerprint}";

    public Fingerprint? ExpectedFingerprint => null;

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now)
    {
        if ((peer.Verified?.Certificate ?? peer.Certificate) is not { } certificate)
        {
            return TrustDecision.Rejected($"the {peer.Role} showed no certificate");
        }

        if (Complaint(peer, certificate, now) is { } complaint)
        {
            return TrustDecision.Rejected(complaint);
        }

        return (peer.Verified ?? certificate.TryVerify(root)) is { } verified
            ? TrustDecision.TrustedBy(verified)
            : TrustDecision.Rejected("the certificate's signatures are not the root's");
    }

    private string? Complaint(PeerIdentity peer, IdentityCertificate certificate, Instant now)
    {
        if (certificate.Fingerprint != peer.Fingerprint)
        {
            return "the certificate is for another identity";
        }

        if (certificate.RootFingerprint != root.Fingerprint)
        {
            return $"the certificate is by root {certificate.RootFingerprint}";
        }

        if (certificate.Role != peer.Role)
        {
            return $"the certificate is for a {certificate.Role}";
        }

        // Without a name every server of the root would do, a stolen one of another service included.
        if (peer.Role == PeerRole.Server && peer.ExpectedName is null)
        {
            return "no server name was asked for";
        }

        if (peer.ExpectedName is { } name && !string.Equals(certificate.Name, name, StringComparison.OrdinalIgnoreCase))
        {
            return $"the certificate is for '{certificate.Name}', not '{name}'";
        }

        if (now.Wall < certificate.NotBefore || now.Wall > certificate.NotAfter)
        {
            return $"the certificate is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}";
        }

        return isRevoked?.Invoke(certificate.Serial) == true ? $"certificate {certificate.Serial} is withdrawn" : null;
    }
}
