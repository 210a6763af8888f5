namespace Xtmp.Crypto;

/// <summary>Ed25519, RFC 8032 section 5.1: sizes in bytes and verification, by OpenSSL.</summary>
[PublicData("Sizes and verification, which sees public data only.")]
public static class Ed25519
{
    /// <summary>The private key: 32 random bytes.</summary>
    public const int SeedSize = 32;

    /// <summary>The public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>A signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>RFC 8032 section 5.1.7, cofactorless, refusing s ≥ L.</summary>
    /// <returns>False for a wrong length or a key that is no point, as for a wrong signature.</returns>
    /// <exception cref="LibCryptoMissingException">OpenSSL 3 is not installed.</exception>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize
            || !EvpKeys.TryImportPublic(LibCrypto.Ed25519, publicKey, out SafeEvpKey key))
        {
            return false;
        }

        using (key)
        {
            return Verify(key, message, signature);
        }
    }

    internal static unsafe bool Verify(SafeEvpKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        using SafeEvpDigestContext context = LibCrypto.EVP_MD_CTX_new();
        EvpKeys.Require(!context.IsInvalid && LibCrypto.EVP_DigestVerifyInit(context, 0, 0, 0, key) == 1);
        byte empty = 0;
        fixed (byte* data = message, bytes = signature)
        {
            // libcrypto takes a null pointer for "not given" even where the length is zero.
            bool valid = LibCrypto.EVP_DigestVerify(context, bytes, (nuint)signature.Length, data is null ? &empty : data, (nuint)message.Length) == 1;
            if (!valid)
            {
                LibCrypto.ERR_clear_error();
            }

            return valid;
        }
    }
}
