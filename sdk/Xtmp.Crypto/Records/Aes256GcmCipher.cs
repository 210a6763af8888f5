using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>AES-256-GCM, NIST SP 800-38D.</summary>
[SecretHandling]
public sealed class Aes256GcmCipher : RecordCipher
{
    private readonly AesGcm _cipher;

    /// <param name="key">32 bytes.</param>
    public Aes256GcmCipher(ReadOnlySpan<byte> key)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        _cipher = new AesGcm(key, TagSize);
    }

    /// <inheritdoc/>
    public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData) =>
        _cipher.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);

    /// <inheritdoc/>
    public override bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        try
        {
            _cipher.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cipher.Dispose();
        }
    }
}
