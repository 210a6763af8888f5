using System.Buffers.Binary;
using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>The function L of SPEC §2's key schedule, and what is built directly on it.</summary>
internal static class KeyDerivation
{
    /// <summary>Bytes of every secret of the schedule, SHA-384's length.</summary>
    public const int SecretSize = 48;
    private const int MaxContext = 255;

    private static ReadOnlySpan<byte> Prefix => "xtmp1 "u8;

    /// <summary>
    /// L(secret, label, context, n) = HKDF-Expand(secret, u16be(n) ‖ u8(len) ‖ "xtmp1 " label ‖ u8(len) ‖ context, n);
    /// the first length counts the prefix too.
    /// </summary>
    public static void Expand(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Span<byte> info = stackalloc byte[2 + 1 + byte.MaxValue + 1 + MaxContext];
        BinaryPrimitives.WriteUInt16BigEndian(info, checked((ushort)output.Length));
        info[2] = checked((byte)(Prefix.Length + label.Length));
        Prefix.CopyTo(info[3..]);
        var length = 3 + Prefix.Length;
        label.CopyTo(info[length..]);
        length += label.Length;
        info[length++] = checked((byte)context.Length);
        context.CopyTo(info[length..]);
        length += context.Length;
        Hkdf.ExpandSha384(secret, info[..length], output);
    }

    /// <summary>next = Extract(L(current, label, context, 48), input).</summary>
    public static void Advance(ReadOnlySpan<byte> current, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, ReadOnlySpan<byte> input, Span<byte> next)
    {
        Span<byte> salt = stackalloc byte[SecretSize];
        Expand(current, label, context, salt);
        Hkdf.ExtractSha384(salt, input, next);
        CryptographicOperations.ZeroMemory(salt);
    }

    /// <summary>H(""), the context of the two "derived" steps.</summary>
    public static ReadOnlySpan<byte> EmptyHash => s_emptyHash;

    private static readonly byte[] s_emptyHash = SHA384.HashData([]);

    /// <summary>Export(label, ctx, n) = L(L(exporter, label, "", 48), "exporter", H(ctx), n).</summary>
    public static void Export(ReadOnlySpan<byte> exporter, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        Span<byte> secret = stackalloc byte[SecretSize];
        Span<byte> hash = stackalloc byte[SecretSize];
        Expand(exporter, label, default, secret);
        SHA384.HashData(context, hash);
        Expand(secret, "exporter"u8, hash, output);
        CryptographicOperations.ZeroMemory(secret);
    }
}
