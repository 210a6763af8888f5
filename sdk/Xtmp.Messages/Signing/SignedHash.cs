using System.Security.Cryptography;
using System.Text;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>
/// The hash under every signature that outlives a session: SHA-512 over the length of the network's name in UTF-8 (u8),
/// the name, and the content. A signature made for one network is therefore void in every other.
/// </summary>
internal static class SignedHash
{
    /// <summary>SHA-512.</summary>
    public const int Size = 64;

    public static void Compute(string network, ReadOnlySpan<byte> content, Span<byte> hash)
    {
        Invariant.Check(NetworkName.IsValid(network));
        Span<byte> prefix = stackalloc byte[1 + NetworkName.MaxBytes];
        var length = Encoding.UTF8.GetBytes(network, prefix[1..]);
        prefix[0] = (byte)length;
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        sha.AppendData(prefix[..(1 + length)]);
        sha.AppendData(content);
        var written = sha.GetHashAndReset(hash);
        Invariant.Check(written == Size);
    }
}
