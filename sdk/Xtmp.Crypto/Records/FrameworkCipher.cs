using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// .NET's AES-256-GCM or ChaCha20-Poly1305, where libcrypto is not at hand. It answers a wrong tag with an exception
/// inside, which costs some microseconds more than libcrypto's answer.
/// </summary>
[SecretHandling]
internal sealed class FrameworkCipher : RecordCipher
{
    private readonly AesGcm? _aes;
    private readonly ChaCha20Poly1305? _chaCha;

    public FrameworkCipher(AesGcm aes) => _aes = aes;

    public FrameworkCipher(ChaCha20Poly1305 chaCha) => _chaCha = chaCha;

    private protected override void SealCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        _aes?.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);
        _chaCha?.Encrypt(nonce, plaintext, ciphertext, tag, associatedData);
    }

    private protected override bool TryOpenCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        try
        {
            _aes?.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);
            _chaCha?.Decrypt(nonce, ciphertext, tag, plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }

    private protected override void Erase()
    {
        _aes?.Dispose();
        _chaCha?.Dispose();
    }
}
