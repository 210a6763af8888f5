using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// HMAC-SHA-384, RFC 2104. A key schedule is dozens of them over short inputs, where .NET's HMAC spends more time in
/// OpenSSL's lookup of the algorithm than in hashing; SHA-384 is therefore called by libcrypto's own name where it has
/// one, and .NET is used where it does not.
/// </summary>
[SecretHandling]
public static unsafe class HmacSha384
{
    /// <summary>Bytes of a code.</summary>
    public const int Size = 48;

    private const int BlockSize = 128;

    // SHA512_CTX of OpenSSL's sha.h is 216 bytes: eight words of state, two of length, a block, two ints.
    private const int ContextSize = 256;

    private static readonly bool s_direct = LibCrypto.HasSha384;

    /// <summary>Writes 48 bytes.</summary>
    public static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> code)
    {
        ArgumentSize.Require(code.Length, Size, nameof(code));
        if (s_direct)
        {
            ComputeDirect(key, data, code);
        }
        else
        {
            HMACSHA384.HashData(key, data, code);
        }
    }

    [SkipLocalsInit]
    private static void ComputeDirect(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data, Span<byte> code)
    {
        // Everything secret in one block, erased at the end.
        Span<byte> secrets = stackalloc byte[ContextSize + BlockSize + Size];
        Span<byte> context = secrets[..ContextSize];
        Span<byte> block = secrets.Slice(ContextSize, BlockSize);
        Span<byte> inner = secrets[(ContextSize + BlockSize)..];
        block.Clear();
        if (key.Length > BlockSize)
        {
            Hash(context, key, default, block[..Size]);
        }
        else
        {
            key.CopyTo(block);
        }

        Mask(block, 0x3636_3636_3636_3636);
        Hash(context, block, data, inner);

        // From the inner mask to the outer one in one step.
        Mask(block, 0x3636_3636_3636_3636 ^ 0x5C5C_5C5C_5C5C_5C5C);
        Hash(context, block, inner, code);
        CryptographicOperations.ZeroMemory(secrets);
    }

    private static void Mask(Span<byte> block, ulong mask)
    {
        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(block))
        {
            word ^= mask;
        }
    }

    private static void Hash(Span<byte> context, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        fixed (byte* state = context, one = first, two = second, result = hash)
        {
            Secret.Require(LibCrypto.SHA384_Init(state) == 1
                && LibCrypto.SHA384_Update(state, one, (nuint)first.Length) == 1
                && (second.IsEmpty || LibCrypto.SHA384_Update(state, two, (nuint)second.Length) == 1)
                && LibCrypto.SHA384_Final(result, state) == 1);
        }
    }
}
