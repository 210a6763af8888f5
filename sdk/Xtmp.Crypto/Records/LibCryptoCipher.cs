using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An AEAD of libcrypto under one key, the key schedule kept for each direction. .NET's own classes make the same calls,
/// but answer a wrong tag with an exception, which a flood of forged datagrams would turn into load.
/// </summary>
[SecretHandling]
internal sealed unsafe class LibCryptoCipher : RecordCipher
{
    private readonly nint _cipher;
    private readonly byte[] _key;
    private SafeEvpCipherContext? _sealing;
    private SafeEvpCipherContext? _opening;

    public LibCryptoCipher(nint cipher, ReadOnlySpan<byte> key)
    {
        _cipher = cipher;
        _key = Secret.Copy(key);
    }

    private protected override void SealCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associatedData)
    {
        SafeEvpCipherContext handle = _sealing ??= Create(encrypt: 1);
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            nint context = handle.DangerousGetHandle();
            fixed (byte* noncePointer = nonce, tagPointer = tag)
            {
                Secret.Require(LibCrypto.EVP_CipherInit_ex(context, 0, 0, null, noncePointer, encrypt: 1) == 1
                    && Update(context, associatedData, plaintext, ciphertext)
                    && Finish(context)
                    && LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.GetTag, TagSize, tagPointer) == 1);
            }
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    private protected override bool TryOpenCore(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        SafeEvpCipherContext handle = _opening ??= Create(encrypt: 0);
        bool held = false;
        try
        {
            handle.DangerousAddRef(ref held);
            nint context = handle.DangerousGetHandle();
            fixed (byte* noncePointer = nonce, tagPointer = tag)
            {
                Secret.Require(LibCrypto.EVP_CipherInit_ex(context, 0, 0, null, noncePointer, encrypt: 0) == 1
                    && LibCrypto.EVP_CIPHER_CTX_ctrl(context, LibCrypto.SetTag, TagSize, tagPointer) == 1
                    && Update(context, associatedData, ciphertext, plaintext));
            }

            // libcrypto decrypts before it knows the tag: what it wrote is erased when the tag is wrong.
            if (Finish(context))
            {
                return true;
            }

            CryptographicOperations.ZeroMemory(plaintext);
            LibCrypto.ERR_clear_error();
            return false;
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }

    private protected override void Erase()
    {
        CryptographicOperations.ZeroMemory(_key);
        _sealing?.Dispose();
        _opening?.Dispose();
    }

    private static bool Update(nint context, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> input, Span<byte> output)
    {
        int written = 0;
        fixed (byte* aad = associatedData, source = input, target = output)
        {
            return (associatedData.IsEmpty || LibCrypto.EVP_CipherUpdate(context, null, &written, aad, associatedData.Length) == 1)
                && (input.IsEmpty || (LibCrypto.EVP_CipherUpdate(context, target, &written, source, input.Length) == 1 && written == input.Length));
        }
    }

    // Neither cipher has a last block to write; the buffer satisfies the signature.
    private static bool Finish(nint context)
    {
        byte* none = stackalloc byte[TagSize];
        int written = 0;
        return LibCrypto.EVP_CipherFinal_ex(context, none, &written) == 1;
    }

    // A direction that is never used costs no key schedule: a session seals with one object and opens with another.
    private SafeEvpCipherContext Create(int encrypt)
    {
        SafeEvpCipherContext context = LibCrypto.EVP_CIPHER_CTX_new();
        Secret.Require(!context.IsInvalid);
        fixed (byte* key = _key)
        {
            Secret.Require(LibCrypto.EVP_CipherInit_ex(context.DangerousGetHandle(), _cipher, 0, key, null, encrypt) == 1);
        }

        return context;
    }
}
