using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An AEAD under one fixed key, for records in one direction: 96-bit nonces, 128-bit tags. One object keeps the expanded
/// key between records and is used by one thread at a time. The caller never repeats a nonce. libcrypto computes where it
/// is at hand, else the framework.
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

    private bool _disposed;

    private protected RecordCipher()
    {
    }

    /// <summary>AES-256-GCM, NIST SP 800-38D.</summary>
    /// <param name="key">32 bytes.</param>
    public static RecordCipher CreateAes256Gcm(ReadOnlySpan<byte> key)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        return LibCrypto.IsAvailable ? new LibCryptoCipher(LibCrypto.EVP_aes_256_gcm(), key) : new FrameworkCipher(new AesGcm(key, TagSize));
    }

    /// <summary>ChaCha20-Poly1305, RFC 8439.</summary>
    /// <param name="key">32 bytes.</param>
    /// <exception cref="PlatformNotSupportedException">Neither libcrypto nor the framework has it here.</exception>
    public static RecordCipher CreateChaCha20Poly1305(ReadOnlySpan<byte> key)
    {
        ArgumentSize.Require(key.Length, KeySize, nameof(key));
        return LibCrypto.IsAvailable ? new LibCryptoCipher(LibCrypto.EVP_chacha20_poly1305(), key) : new FrameworkCipher(new ChaCha20Poly1305(key));
    }

    /// <summary>Encrypts; <paramref name="ciphertext"/> may be the same memory as <paramref name="plaintext"/>.</summary>
    /// <param name="nonce">12 bytes, never used before with this key.</param>
    /// <param name="plaintext">Any length.</param>
    /// <param name="ciphertext">Of the plaintext's length.</param>
    /// <param name="tag">Receives 16 bytes.</param>
    /// <param name="associatedData">Authenticated, not encrypted.</param>
    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(nonce.Length, NonceSize, nameof(nonce));
        ArgumentSize.Require(ciphertext.Length, plaintext.Length, nameof(ciphertext));
        ArgumentSize.Require(tag.Length, TagSize, nameof(tag));
        SealCore(nonce, plaintext, ciphertext, tag, associatedData);
    }

    /// <summary>
    /// Verifies and decrypts; <paramref name="plaintext"/> may be the same memory as <paramref name="ciphertext"/>, which
    /// is then lost when the tag is wrong.
    /// </summary>
    /// <returns>False when the tag is wrong; the plaintext is then zeros.</returns>
    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(nonce.Length, NonceSize, nameof(nonce));
        ArgumentSize.Require(plaintext.Length, ciphertext.Length, nameof(plaintext));
        ArgumentSize.Require(tag.Length, TagSize, nameof(tag));
        return TryOpenCore(nonce, ciphertext, tag, plaintext, associatedData);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        Erase();
        GC.SuppressFinalize(this);
    }

    private protected abstract void SealCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData);

    private protected abstract bool TryOpenCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData);

    private protected abstract void Erase();
}
