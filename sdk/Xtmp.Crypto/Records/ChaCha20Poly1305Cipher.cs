using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>ChaCha20-Poly1305, RFC 8439.</summary>
[SecretHandling]
public sealed class ChaCha20Poly1305Cipher : RecordCipher
{
    private readonly System.Security.Cryptography.ChaCha20Poly1305 _cipher;

    /// <param name="key">32 bytes.</param>
    public ChaCha20Poly1305Cipher(ReadOnlySpan<byte> key)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        _cipher = new System.Security.Cryptography.ChaCha20Poly1305(key);
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
