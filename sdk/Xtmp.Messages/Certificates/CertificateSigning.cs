using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Messages;

/// <summary>What an authority signs of a certificate, and what the holder signs to get one.</summary>
public static class CertificateSigning
{
    /// <summary>Size of the hashes made here: SHA-512.</summary>
    public const int HashSize = SignedHash.Size;

    private static readonly ReadOnlyMemory<byte> NoMlDsaSignature = new byte[MlDsa87.SignatureSize];
    private static readonly ReadOnlyMemory<byte> NoEd25519Signature = new byte[Ed25519.SignatureSize];

    public static ReadOnlySpan<byte> Label => "XTMP1 certificate"u8;

    public static ReadOnlySpan<byte> Role => "authority"u8;

    public static ReadOnlySpan<byte> RequestLabel => "XTMP1 certificate request"u8;

    public static ReadOnlySpan<byte> RequestRole => "holder"u8;

    /// <summary>SHA-512 of the body's canonical encoding.</summary>
    public static void HashBody(CertificateBody body, Span<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(body);
        var text = new byte[body.GetEncodedSize()];
        body.Encode(text);
        SHA512.HashData(text, hash);
    }

    /// <summary>Makes a certificate.</summary>
    /// <param name="body">What it says; its issuer is replaced.</param>
    /// <param name="issuer">The authority's keys.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    /// <param name="holder">Keys of an intermediate, which go with its certificate.</param>
    public static Certificate Issue(CertificateBody body, IdentityKey issuer, IEntropy entropy, IdentityPublicKey? holder = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(issuer);
        body = body with { IssuerFingerprint = issuer.Public.Fingerprint.ToArray() };
        Span<byte> hash = stackalloc byte[HashSize];
        HashBody(body, hash);
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        issuer.Sign(Label, Role, hash, entropy, mlDsa, ed25519);
        return new Certificate
        {
            Body = body,
            MlDsaSignature = mlDsa,
            Ed25519Signature = ed25519,
            MlDsaKey = holder is null ? default(ReadOnlyMemory<byte>?) : holder.MlDsaKey.ToArray(),
            Ed25519Key = holder is null ? default(ReadOnlyMemory<byte>?) : holder.Ed25519Key.ToArray(),
        };
    }

    /// <summary>True where both signatures are the issuer's.</summary>
    public static bool Verify(Certificate certificate, IdentityPublicKey issuer)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(issuer);
        Span<byte> hash = stackalloc byte[HashSize];
        HashBody(certificate.Body, hash);
        return issuer.Verify(Label, Role, hash, certificate.MlDsaSignature.Span, certificate.Ed25519Signature.Span);
    }

    /// <summary>SHA-512 over the network's name (u8 length, UTF-8) and the request's canonical encoding with both signatures zero bytes.</summary>
    public static void HashRequest(CertificateIssue request, string network, Span<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(request);
        var unsigned = request with { MlDsaSignature = NoMlDsaSignature, Ed25519Signature = NoEd25519Signature };
        var text = new byte[unsigned.GetEncodedSize()];
        unsigned.Encode(text);
        SignedHash.Compute(network, text, hash);
    }

    /// <summary>The request, made the holder's and signed by both of its keys.</summary>
    /// <param name="request">Its keys and signatures are replaced.</param>
    /// <param name="network">Name of the silo's network.</param>
    /// <param name="holder">The holder's keys.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static CertificateIssue SignRequest(CertificateIssue request, string network, IdentityKey holder, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(holder);
        request = request with { MlDsaKey = holder.Public.MlDsaKey.ToArray(), Ed25519Key = holder.Public.Ed25519Key.ToArray() };
        Span<byte> hash = stackalloc byte[HashSize];
        HashRequest(request, network, hash);
        var mlDsa = new byte[MlDsa87.SignatureSize];
        var ed25519 = new byte[Ed25519.SignatureSize];
        holder.Sign(RequestLabel, RequestRole, hash, entropy, mlDsa, ed25519);
        return request with { MlDsaSignature = mlDsa, Ed25519Signature = ed25519 };
    }
}
