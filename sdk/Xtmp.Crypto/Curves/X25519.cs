namespace Xtmp.Crypto;

/// <summary>X25519, RFC 7748, by libsodium, in single calls; see <see cref="X25519PrivateKey"/> for a key used twice.</summary>
[SecretHandling]
public static class X25519
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int KeySize = 32;

    /// <summary>The public key of a private key; any 32 bytes are one (they are clamped in use).</summary>
    public static unsafe void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        ArgumentSize.Require(privateKey.Length, KeySize, nameof(privateKey));
        ArgumentSize.Require(publicKey.Length, KeySize, nameof(publicKey));
        fixed (byte* key = privateKey, destination = publicKey)
        {
            Secret.Require(Sodium.crypto_scalarmult_curve25519_base(destination, key) == 0);
        }
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
        if (peerPublicKey.Length == KeySize)
        {
            fixed (byte* key = privateKey, peer = peerPublicKey, shared = sharedSecret)
            {
                // libsodium refuses points of low order itself, and an all-zero result besides.
                if (Sodium.crypto_scalarmult_curve25519(shared, key, peer) == 0)
                {
                    return true;
                }
            }
        }

        sharedSecret.Clear();
        return false;
    }
}
