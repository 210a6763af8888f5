using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// Identity 0x07: [ML-DSA key or nil, Ed25519 key or nil, certificate or nil, fingerprint or nil], with either both keys or
/// the fingerprint. Auth 0x08: [ML-DSA signature, Ed25519 signature]. Finished 0x09: [mac].
/// </summary>
internal static class IdentityMessages
{
    public const int MaxIdentityLength = 3 * 1024 + HandshakeLimits.MaxCertificateBytes;
    public const int MaxAuthLength = MlDsa87.SignatureSize + Ed25519.SignatureSize + 16;
    public const int MaxFinishedLength = 64;

    public static int WriteIdentity(Span<byte> destination, IdentityPublicKey key, IdentityCertificate? certificate, bool fingerprintOnly)
    {
        var writer = new WireWriter(destination);
        writer.Array(4);
        writer.BytesOrNil(fingerprintOnly ? default : key.MlDsaKey);
        writer.BytesOrNil(fingerprintOnly ? default : key.Ed25519Key);
        writer.BytesOrNil(certificate is null ? default : certificate.Encoded);
        writer.BytesOrNil(fingerprintOnly ? key.Fingerprint.ToArray() : default);
        return writer.Length;
    }

    /// <summary>Reads an identity; <paramref name="key"/> is null where only the fingerprint was sent.</summary>
    public static bool TryReadIdentity(ReadOnlySpan<byte> payload, out IdentityPublicKey? key, out Fingerprint fingerprint, out ReadOnlySpan<byte> certificate)
    {
        key = null;
        fingerprint = default;
        var reader = new WireReader(payload);
        reader.Array(4);
        var mlDsa = reader.IsNil() ? default : reader.BytesUpTo(HandshakeLimits.MaxCertificateBytes);
        var ed25519 = reader.IsNil() ? default : reader.BytesUpTo(HandshakeLimits.MaxCertificateBytes);
        certificate = reader.IsNil() ? default : reader.BytesUpTo(HandshakeLimits.MaxCertificateBytes);
        var named = reader.IsNil() ? default : reader.Bytes(Fingerprint.Size);
        if (!reader.IsComplete || (mlDsa.IsEmpty != ed25519.IsEmpty) || (mlDsa.IsEmpty == named.IsEmpty))
        {
            return false;
        }

        if (!named.IsEmpty)
        {
            fingerprint = new Fingerprint(named);
            return true;
        }

        if (!IdentityPublicKey.TryImport(mlDsa, ed25519, out key))
        {
            return false;
        }

        fingerprint = key.Fingerprint;
        return true;
    }

    public static int WriteAuth(Span<byte> destination, ReadOnlySpan<byte> mlDsa, ReadOnlySpan<byte> ed25519)
    {
        var writer = new WireWriter(destination);
        writer.Array(2);
        writer.Bytes(mlDsa);
        writer.Bytes(ed25519);
        return writer.Length;
    }

    public static bool TryReadAuth(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> mlDsa, out ReadOnlySpan<byte> ed25519)
    {
        var reader = new WireReader(payload);
        reader.Array(2);
        mlDsa = reader.Bytes(MlDsa87.SignatureSize);
        ed25519 = reader.Bytes(Ed25519.SignatureSize);
        return reader.IsComplete;
    }

    public static int WriteFinished(Span<byte> destination, ReadOnlySpan<byte> mac)
    {
        var writer = new WireWriter(destination);
        writer.Array(1);
        writer.Bytes(mac);
        return writer.Length;
    }

    public static bool TryReadFinished(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> mac)
    {
        var reader = new WireReader(payload);
        reader.Array(1);
        mac = reader.Bytes(HandshakeLimits.FinishedSize);
        return reader.IsComplete;
    }
}
