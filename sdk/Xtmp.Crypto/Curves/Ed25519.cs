namespace Xtmp.Crypto;

/// <summary>Ed25519, RFC 8032 section 5.1: sizes in bytes and verification, by libsodium.</summary>
[PublicData("Sizes and verification, which sees public data only.")]
public static class Ed25519
{
    /// <summary>The private key: 32 random bytes.</summary>
    public const int SeedSize = 32;

    /// <summary>The public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>A signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>
    /// RFC 8032 section 5.1.7 with libsodium's strict checks: refuses s ≥ L, a key that is not canonical or is of small
    /// order, and an R of small order. The equation is checked without the cofactor.
    /// </summary>
    /// <returns>False for a wrong length or a key that is no point, as for a wrong signature.</returns>
    public static unsafe bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize)
        {
            return false;
        }

        fixed (byte* key = publicKey, data = message, bytes = signature)
        {
            return Sodium.crypto_sign_ed25519_verify_detached(bytes, data, (ulong)message.Length, key) == 0;
        }
    }
}
