namespace Xtmp.Crypto;

/// <summary>
/// An AEAD under one fixed key, for records in one direction: 96-bit nonces, 128-bit tags. One object keeps the expanded
/// key between records and is used by one thread at a time. The caller never repeats a nonce.
/// </summary>
[SecretHandling]
public abstract class RecordCipher : IDisposable
{
    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 32;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceSize = 12;

    /// <summary>Bytes of a tag.</summary>
    public const int TagSize = 16;

    /// <summary>Encrypts; <paramref name="ciphertext"/> may be the same memory as <paramref name="plaintext"/>.</summary>
    /// <param name="nonce">12 bytes, never used before with this key.</param>
    /// <param name="plaintext">Any length.</param>
    /// <param name="ciphertext">Of the plaintext's length.</param>
    /// <param name="tag">Receives 16 bytes.</param>
    /// <param name="associatedData">Authenticated, not encrypted.</param>
    public abstract void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData);

    /// <summary>
    /// Verifies and decrypts; <paramref name="plaintext"/> may be the same memory as <paramref name="ciphertext"/>, which
    /// is then lost when the tag is wrong.
    /// </summary>
    /// <returns>False when the tag is wrong; the plaintext is then zeros.</returns>
    public abstract bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Erases the key.</summary>
    protected abstract void Dispose(bool disposing);
}
