using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// A certificate whose signatures were checked with the root's public key. Made only by
/// <see cref="IdentityCertificate.TryVerify"/> and from the tickets that carry such a result over.
/// </summary>
public sealed class VerifiedCertificate
{
    internal VerifiedCertificate(IdentityCertificate certificate)
    {
        Certificate = certificate;
    }

    public IdentityCertificate Certificate { get; }

    /// <summary>The root whose signatures they are.</summary>
    public Fingerprint Root => Certificate.RootFingerprint;

    public override string ToString() => $"verified {Certificate}";
}
