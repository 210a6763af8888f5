using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// SHA-256, FIPS 180-4. Ids and the leaves of hash trees are thousands of hashes over short inputs, where .NET's one-shot spends
/// several times the hash in OpenSSL's lookup of the algorithm; it is therefore called by libcrypto's own name where it has
/// one, and .NET is used where it does not.
/// </summary>
[SecretHandling]
public static unsafe class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    // SHA256_CTX of OpenSSL's sha.h is 112 bytes: eight words of state, two of length, a block, two ints.
    private const int ContextSize = 128;

    private static readonly bool s_direct = LibCrypto.HasSha256;

    /// <summary>The hash in an array of its own.</summary>
    public static byte[] HashData(ReadOnlySpan<byte> data) => HashData(data, default);

    /// <summary>The hash of one piece and another behind it, which need not be copied together.</summary>
    public static byte[] HashData(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var hash = new byte[Size];
        HashData(first, second, hash);
        return hash;
    }

    /// <summary>Writes 32 bytes.</summary>
    public static void HashData(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        ArgumentSize.Require(hash.Length, Size, nameof(hash));
        if (s_direct)
        {
            HashDirect(first, second, hash);
            return;
        }

        if (second.IsEmpty)
        {
            SHA256.HashData(first, hash);
            return;
        }

        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        whole.AppendData(first);
        whole.AppendData(second);
        whole.GetHashAndReset(hash);
    }

    [SkipLocalsInit]
    private static void HashDirect(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        // Erased at the end: the last block of the input stays in it.
        Span<byte> context = stackalloc byte[ContextSize];
        fixed (byte* state = context, one = first, two = second, result = hash)
        {
            Secret.Require(LibCrypto.SHA256_Init(state) == 1
                && (first.IsEmpty || LibCrypto.SHA256_Update(state, one, (nuint)first.Length) == 1)
                && (second.IsEmpty || LibCrypto.SHA256_Update(state, two, (nuint)second.Length) == 1)
                && LibCrypto.SHA256_Final(result, state) == 1);
        }

        CryptographicOperations.ZeroMemory(context);
    }
}
