using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Xtmp.Protocol.MessagePack;

/// <summary>
/// Strings out of ASCII bytes. Most strings of a protocol are short and ASCII, and for those the general decoder costs
/// more to enter than to run.
/// </summary>
internal static class AsciiText
{
    /// <summary>Up to two vectors; longer text goes through the platform's own loops.</summary>
    private const int ShortLength = 32;

    private const ulong HighBits = 0x8080_8080_8080_8080;

    /// <summary>False when a byte is not ASCII; nothing is allocated then.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out string value)
    {
        if (!IsAscii(text))
        {
            value = string.Empty;
            return false;
        }

        // Every ASCII byte is its own Latin-1 character, and that widening has no decoder state to set up.
        value = text.Length <= ShortLength && Vector128.IsHardwareAccelerated
            ? string.Create(text.Length, text, static (chars, bytes) => Widen(bytes, chars))
            : Encoding.Latin1.GetString(text);
        return true;
    }

    private static bool IsAscii(ReadOnlySpan<byte> text)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        int length = text.Length;
        if (length > ShortLength || !Vector128.IsHardwareAccelerated)
        {
            return Ascii.IsValid(text);
        }

        // Two loads that may overlap cover every length between their own and its double.
        if (length >= 16)
        {
            var seen = Vector128.LoadUnsafe(ref first) | Vector128.LoadUnsafe(ref first, (nuint)length - 16);
            return seen.ExtractMostSignificantBits() == 0;
        }

        if (length >= 8)
        {
            ulong seen = Unsafe.ReadUnaligned<ulong>(ref first) | Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, length - 8));
            return (seen & HighBits) == 0;
        }

        if (length >= 4)
        {
            uint seen = Unsafe.ReadUnaligned<uint>(ref first) | Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, length - 4));
            return (seen & 0x8080_8080u) == 0;
        }

        int all = 0;
        foreach (byte one in text)
        {
            all |= one;
        }

        return all < 0x80;
    }

    private static void Widen(ReadOnlySpan<byte> text, Span<char> chars)
    {
        ref byte first = ref MemoryMarshal.GetReference(text);
        ref ushort to = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(chars));
        int length = text.Length;
        if (length >= 16)
        {
            Store(Vector128.LoadUnsafe(ref first), ref to);
            Store(Vector128.LoadUnsafe(ref first, (nuint)length - 16), ref Unsafe.Add(ref to, length - 16));
        }
        else if (length >= 8)
        {
            Half(ref first, ref to);
            Half(ref Unsafe.Add(ref first, length - 8), ref Unsafe.Add(ref to, length - 8));
        }
        else
        {
            for (int i = 0; i < text.Length; i++)
            {
                chars[i] = (char)text[i];
            }
        }
    }

    private static void Store(Vector128<byte> bytes, ref ushort to)
    {
        var (lower, upper) = Vector128.Widen(bytes);
        lower.StoreUnsafe(ref to);
        upper.StoreUnsafe(ref to, (nuint)Vector128<ushort>.Count);
    }

    private static void Half(ref byte from, ref ushort to) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref from)).AsByte()).StoreUnsafe(ref to);
}
