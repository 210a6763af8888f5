using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An X25519 private key, RFC 7748, held by libcrypto. Importing computes the public key; a key that is needed for its
/// public half and for an agreement is best held in one object, which halves the work. Disposing erases it.
/// </summary>
/// <exception cref="LibCryptoMissingException">On creation, where OpenSSL 3 is not installed.</exception>
[SecretHandling]
public sealed class X25519PrivateKey : IDisposable
{
    private readonly SafeEvpKey _key;

    private X25519PrivateKey(ReadOnlySpan<byte> privateKey) => _key = EvpKeys.ImportPrivate(LibCrypto.X25519, privateKey);

    /// <param name="privateKey">32 uniformly random bytes; they are clamped in use.</param>
    public static X25519PrivateKey FromBytes(ReadOnlySpan<byte> privateKey)
    {
        ArgumentSize.Require(privateKey.Length, X25519.KeySize, nameof(privateKey));
        return new X25519PrivateKey(privateKey);
    }

    /// <summary>Writes the public key, 32 bytes.</summary>
    public void WritePublicKey(Span<byte> destination)
    {
        ArgumentSize.Require(destination.Length, X25519.KeySize, nameof(destination));
        EvpKeys.ExportPublic(_key, destination);
    }

    /// <summary>The shared secret, RFC 7748 section 6.1.</summary>
    /// <returns>
    /// False, with zeros written, when the peer's key has a wrong length or is of low order, so that the result would
    /// be all zero.
    /// </returns>
    public unsafe bool TryAgree(ReadOnlySpan<byte> peerPublicKey, Span<byte> sharedSecret)
    {
        ArgumentSize.Require(sharedSecret.Length, X25519.KeySize, nameof(sharedSecret));
        sharedSecret.Clear();
        if (peerPublicKey.Length != X25519.KeySize || !EvpKeys.TryImportPublic(LibCrypto.X25519, peerPublicKey, out SafeEvpKey peer))
        {
            return false;
        }

        using (peer)
        using (SafeEvpKeyContext context = LibCrypto.EVP_PKEY_CTX_new(_key, 0))
        {
            EvpKeys.Require(!context.IsInvalid && LibCrypto.EVP_PKEY_derive_init(context) == 1);
            nuint length = X25519.KeySize;
            bool agreed;
            fixed (byte* secret = sharedSecret)
            {
                agreed = LibCrypto.EVP_PKEY_derive_set_peer(context, peer) == 1
                    && LibCrypto.EVP_PKEY_derive(context, secret, ref length) == 1
                    && length == X25519.KeySize;
            }

            // libcrypto refuses an all-zero result itself; the comparison keeps the promise should a version not.
            if (!agreed || CryptographicOperations.FixedTimeEquals(sharedSecret, stackalloc byte[X25519.KeySize]))
            {
                LibCrypto.ERR_clear_error();
                sharedSecret.Clear();
                return false;
            }

            return true;
        }
    }

    /// <summary>Erases the key.</summary>
    public void Dispose() => _key.Dispose();
}
