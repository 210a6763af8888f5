using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>X25519, RFC 7748, by OpenSSL. All keys and secrets have 32 bytes.</summary>
/// <exception cref="LibCryptoMissingException">Every method, where OpenSSL 3 is not installed.</exception>
[SecretHandling]
public static class X25519
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int KeySize = 32;

    /// <summary>The public key of a private key; any 32 bytes are one (they are clamped in use).</summary>
    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        ArgumentSize.Require(privateKey.Length, KeySize, nameof(privateKey));
        ArgumentSize.Require(publicKey.Length, KeySize, nameof(publicKey));
        using SafeEvpKey key = EvpKeys.ImportPrivate(LibCrypto.X25519, privateKey);
        EvpKeys.ExportPublic(key, publicKey);
    }

    /// <summary>The shared secret, RFC 7748 section 6.1.</summary>
    /// <returns>
    /// False, with zeros written, when the peer's key has a wrong length or is of low order, so that the result would
    /// be all zero.
    /// </returns>
    public static unsafe bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> peerPublicKey, Span<byte> sharedSecret)
    {
        ArgumentSize.Require(privateKey.Length, KeySize, nameof(privateKey));
        ArgumentSize.Require(sharedSecret.Length, KeySize, nameof(sharedSecret));
        sharedSecret.Clear();
        if (peerPublicKey.Length != KeySize || !EvpKeys.TryImportPublic(LibCrypto.X25519, peerPublicKey, out SafeEvpKey peer))
        {
            return false;
        }

        using (peer)
        using (SafeEvpKey key = EvpKeys.ImportPrivate(LibCrypto.X25519, privateKey))
        using (SafeEvpKeyContext context = LibCrypto.EVP_PKEY_CTX_new(key, 0))
        {
            EvpKeys.Require(!context.IsInvalid && LibCrypto.EVP_PKEY_derive_init(context) == 1);
            nuint length = KeySize;
            bool agreed;
            fixed (byte* secret = sharedSecret)
            {
                agreed = LibCrypto.EVP_PKEY_derive_set_peer(context, peer) == 1
                    && LibCrypto.EVP_PKEY_derive(context, secret, ref length) == 1
                    && length == KeySize;
            }

            // libcrypto refuses an all-zero result itself; the comparison keeps the promise should a version not.
            if (!agreed || CryptographicOperations.FixedTimeEquals(sharedSecret, stackalloc byte[KeySize]))
            {
                LibCrypto.ERR_clear_error();
                sharedSecret.Clear();
                return false;
            }

            return true;
        }
    }
}
