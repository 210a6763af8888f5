namespace Xtmp.Crypto;

/// <summary>X25519, RFC 7748, by OpenSSL, in single calls; see <see cref="X25519PrivateKey"/> for a key used twice.</summary>
/// <exception cref="LibCryptoMissingException">Every method, where OpenSSL 3 is not installed.</exception>
[SecretHandling]
public static class X25519
{
    /// <summary>Bytes of a private key, a public key and a shared secret.</summary>
    public const int KeySize = 32;

    /// <summary>The public key of a private key; any 32 bytes are one (they are clamped in use).</summary>
    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        using X25519PrivateKey key = X25519PrivateKey.FromBytes(privateKey);
        key.WritePublicKey(publicKey);
    }

    /// <summary>The shared secret, RFC 7748 section 6.1.</summary>
    /// <returns>
    /// False, with zeros written, when the peer's key has a wrong length or is of low order, so that the result would
    /// be all zero.
    /// </returns>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> peerPublicKey, Span<byte> sharedSecret)
    {
        using X25519PrivateKey key = X25519PrivateKey.FromBytes(privateKey);
        return key.TryAgree(peerPublicKey, sharedSecret);
    }
}
