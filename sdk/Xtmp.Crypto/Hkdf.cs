using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>HKDF, RFC 5869, with SHA-256 or SHA-384, without allocation.</summary>
[SecretHandling]
public static class Hkdf
{
    /// <summary>Output of one SHA-256 extraction in bytes.</summary>
    public const int Sha256Size = 32;

    /// <summary>Output of one SHA-384 extraction in bytes.</summary>
    public const int Sha384Size = 48;

    // T(i−1) ‖ info ‖ i of ordinary size is put together on the stack; a longer info takes a pooled detour.
    private const int StackInfo = 512;

    /// <summary>HKDF-Extract, RFC 5869 section 2.2; writes 32 bytes.</summary>
    public static void ExtractSha256(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKey, Span<byte> pseudorandomKey)
    {
        ArgumentSize.Require(pseudorandomKey.Length, Sha256Size, nameof(pseudorandomKey));
        HMACSHA256.HashData(salt, inputKey, pseudorandomKey);
    }

    /// <summary>HKDF-Extract, RFC 5869 section 2.2; writes 48 bytes.</summary>
    public static void ExtractSha384(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKey, Span<byte> pseudorandomKey)
    {
        ArgumentSize.Require(pseudorandomKey.Length, Sha384Size, nameof(pseudorandomKey));
        HmacSha384.Compute(salt, inputKey, pseudorandomKey);
    }

    /// <summary>HKDF-Expand, RFC 5869 section 2.3; at most 255 · 32 bytes.</summary>
    public static void ExpandSha256(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        Expand(pseudorandomKey, info, output, Sha256Size);

    /// <summary>HKDF-Expand, RFC 5869 section 2.3; at most 255 · 48 bytes.</summary>
    public static void ExpandSha384(ReadOnlySpan<byte> pseudorandomKey, ReadOnlySpan<byte> info, Span<byte> output) =>
        Expand(pseudorandomKey, info, output, Sha384Size);

    private static void Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> info, Span<byte> output, int size)
    {
        if (output.Length > 255 * size)
        {
            throw new ArgumentException($"HKDF gives at most {255 * size} bytes (RFC 5869 section 2.3).", nameof(output));
        }

        Span<byte> block = stackalloc byte[Sha384Size];
        block = block[..size];
        int length = size + info.Length + 1;
        byte[]? rented = null;
        Span<byte> buffer = info.Length <= StackInfo
            ? stackalloc byte[Sha384Size + StackInfo + 1]
            : rented = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        buffer = buffer[..length];
        info.CopyTo(buffer[size..]);
        byte counter = 0;
        while (!output.IsEmpty)
        {
            buffer[^1] = ++counter;
            ReadOnlySpan<byte> input = buffer[(counter == 1 ? size : 0)..];
            if (size == Sha256Size)
            {
                HMACSHA256.HashData(key, input, block);
            }
            else
            {
                HmacSha384.Compute(key, input, block);
            }

            block.CopyTo(buffer);
            int take = Math.Min(size, output.Length);
            block[..take].CopyTo(output);
            output = output[take..];
        }

        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(buffer);
        if (rented is not null)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
