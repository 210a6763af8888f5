namespace Xtmp.Crypto;

/// <summary>AES-256-GCM, NIST SP 800-38D, by libcrypto.</summary>
/// <exception cref="LibCryptoMissingException">On creation, where OpenSSL 3 is not installed.</exception>
[SecretHandling]
public sealed class Aes256GcmCipher : RecordCipher
{
    private readonly EvpAead _cipher;

    /// <param name="key">32 bytes.</param>
    public Aes256GcmCipher(ReadOnlySpan<byte> key) => _cipher = new EvpAead(LibCrypto.EVP_aes_256_gcm(), key);

    /// <inheritdoc/>
    public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData) =>
        _cipher.Seal(nonce, plaintext, ciphertext, tag, associatedData);

    /// <inheritdoc/>
    public override bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData) =>
        _cipher.TryOpen(nonce, ciphertext, tag, plaintext, associatedData);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cipher.Dispose();
        }
    }
}
