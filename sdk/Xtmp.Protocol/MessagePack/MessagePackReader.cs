using System.Runtime.CompilerServices;

namespace Xtmp.Protocol.MessagePack;

/// <summary>
/// Strict reader of MessagePack primitives out of untrusted bytes. Every method takes the bytes and the offset of a
/// value and returns the offset after it, or a negative number, <c>-(int)</c><see cref="DecodeStatus"/>, when the value
/// is not there in its one canonical (shortest) form. Nothing throws, and nothing is allocated before its length is
/// known to be both present in the input and within the caller's limit.
/// </summary>
/// <remarks>
/// Offsets travel by value, so that the just-in-time compiler keeps them in a register over a whole message; the rare
/// forms live in methods of their own behind a temporary, so that they do not force the caller's locals to memory.
/// </remarks>
public static partial class MessagePackReader
{
    private const int Truncated = -(int)DecodeStatus.Truncated;
    private const int WrongType = -(int)DecodeStatus.WrongType;
    private const int NotCanonical = -(int)DecodeStatus.NotCanonical;
    private const int OutOfRange = -(int)DecodeStatus.OutOfRange;
    private const int LimitExceeded = -(int)DecodeStatus.LimitExceeded;
    private const int InvalidUtf8 = -(int)DecodeStatus.InvalidUtf8;
    private const int ConstraintViolated = -(int)DecodeStatus.ConstraintViolated;

    /// <summary>True when the value at the offset is nil; false when it is another, or the input ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNil(ReadOnlySpan<byte> source, int offset) =>
        (uint)offset < (uint)source.Length && source[offset] == MessagePackCode.Nil;

    public static int ReadNil(ReadOnlySpan<byte> source, int offset)
    {
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        return source[offset] == MessagePackCode.Nil ? offset + 1 : WrongType;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadBoolean(ReadOnlySpan<byte> source, int offset, out bool value)
    {
        if ((uint)offset >= (uint)source.Length)
        {
            value = false;
            return Truncated;
        }

        byte code = source[offset];
        value = code == MessagePackCode.True;
        return (code & 0xfe) == MessagePackCode.False ? offset + 1 : WrongType;
    }

    /// <summary>Reads an array header; the count is only what the bytes claim.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadArrayHeader(ReadOnlySpan<byte> source, int offset, out int count)
    {
        if ((uint)offset < (uint)source.Length)
        {
            int fix = source[offset] - MessagePackCode.FixArray;
            if ((uint)fix < 16)
            {
                count = fix;
                return offset + 1;
            }
        }

        int end = ReadWideHeader(source, offset, MessagePackCode.Array16, out int wide);
        count = wide;
        return end;
    }

    /// <summary>Reads a map header; the count is only what the bytes claim.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadMapHeader(ReadOnlySpan<byte> source, int offset, out int count)
    {
        if ((uint)offset < (uint)source.Length)
        {
            int fix = source[offset] - MessagePackCode.FixMap;
            if ((uint)fix < 16)
            {
                count = fix;
                return offset + 1;
            }
        }

        int end = ReadWideHeader(source, offset, MessagePackCode.Map16, out int wide);
        count = wide;
        return end;
    }

    /// <summary>The 16- and 32-bit count forms that arrays and maps share: code16 and code16 + 1.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadWideHeader(ReadOnlySpan<byte> source, int offset, byte code16, out int count)
    {
        count = 0;
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        int code = source[offset] - code16;
        if ((uint)code > 1)
        {
            return WrongType;
        }

        int width = 2 << code;
        if (source.Length - offset - 1 < width)
        {
            return Truncated;
        }

        uint claimed = ReadBigEndian(source, offset + 1, width);
        if (claimed < (width == 2 ? 16u : 0x1_0000u))
        {
            return NotCanonical;
        }

        if (claimed > int.MaxValue)
        {
            return LimitExceeded;
        }

        count = (int)claimed;
        return offset + 1 + width;
    }

    /// <summary>One, two or four bytes, most significant first; the caller has checked that they are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint ReadBigEndian(ReadOnlySpan<byte> source, int offset, int width)
    {
        uint value = 0;
        for (int i = 0; i < width; i++)
        {
            value = (value << 8) | source[offset + i];
        }

        return value;
    }
}
