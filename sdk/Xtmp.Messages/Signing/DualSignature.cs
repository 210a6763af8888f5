using Xtmp.Crypto;

namespace Xtmp.Messages;

/// <summary>An ML-DSA-87 signature (4,627 bytes) followed by an Ed25519 signature (64 bytes); both must verify.</summary>
public static class DualSignature
{
    /// <summary>4,691 bytes.</summary>
    public const int Size = MlDsa87.SignatureSize + Ed25519.SignatureSize;

    /// <summary>Signs label ‖ role ‖ hash with both keys.</summary>
    /// <param name="identity">The two keys.</param>
    /// <param name="label">What is signed; also ML-DSA's context.</param>
    /// <param name="role">Who signs.</param>
    /// <param name="hash">64 bytes.</param>
    /// <param name="entropy">Hedges the ML-DSA signature.</param>
    public static byte[] Sign(IdentityKey identity, ReadOnlySpan<byte> label, ReadOnlySpan<byte> role, ReadOnlySpan<byte> hash, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var signature = new byte[Size];
        identity.Sign(label, role, hash, entropy, signature.AsSpan(0, MlDsa87.SignatureSize), signature.AsSpan(MlDsa87.SignatureSize));
        return signature;
    }

    /// <summary>False for a wrong length as for a wrong signature.</summary>
    public static bool Verify(IdentityPublicKey keys, ReadOnlySpan<byte> label, ReadOnlySpan<byte> role, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return signature.Length == Size && keys.Verify(label, role, hash, signature[..MlDsa87.SignatureSize], signature[MlDsa87.SignatureSize..]);
    }
}
