using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Xtmp.Protocol.MessagePack;

/// <content>Strings, byte arrays and extension headers.</content>
public static partial class MessagePackReader
{
    /// <summary>Reads a string of <paramref name="minBytes"/> to <paramref name="maxBytes"/> bytes of UTF-8.</summary>
    public static int ReadString(ReadOnlySpan<byte> source, int offset, int minBytes, int maxBytes, out string value)
    {
        int start = ReadStringHeader(source, offset, out int length);
        if (start < 0 || length > maxBytes || length < minBytes)
        {
            value = string.Empty;
            return start < 0 ? start : length > maxBytes ? LimitExceeded : ConstraintViolated;
        }

        if (source.Length - start < length)
        {
            value = string.Empty;
            return Truncated;
        }

        var text = source.Slice(start, length);
        if (AsciiText.TryRead(text, out value))
        {
            return start + length;
        }

        return ReadUnicode(text, start + length, out value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadUnicode(ReadOnlySpan<byte> text, int end, out string value)
    {
        if (!Utf8.IsValid(text))
        {
            value = string.Empty;
            return InvalidUtf8;
        }

        value = Encoding.UTF8.GetString(text);
        return end;
    }

    /// <summary>Reads a bin value of <paramref name="minBytes"/> to <paramref name="maxBytes"/> bytes into an array of its own.</summary>
    public static int ReadBinary(ReadOnlySpan<byte> source, int offset, int minBytes, int maxBytes, out ReadOnlyMemory<byte> value)
    {
        int start = ReadBinaryHeader(source, offset, out int length);
        if (start < 0 || length > maxBytes || length < minBytes)
        {
            value = default;
            return start < 0 ? start : length > maxBytes ? LimitExceeded : ConstraintViolated;
        }

        if (source.Length - start < length)
        {
            value = default;
            return Truncated;
        }

        value = source.Slice(start, length).ToArray();
        return start + length;
    }

    /// <summary>
    /// Reads a bin value of exactly <paramref name="length"/> bytes; more are <see cref="DecodeStatus.LimitExceeded"/>, fewer
    /// <see cref="DecodeStatus.ConstraintViolated"/>.
    /// </summary>
    public static int ReadFixedBinary(ReadOnlySpan<byte> source, int offset, int length, out ReadOnlyMemory<byte> value)
    {
        int end = SkipFixedBinary(source, offset, length);
        value = end < 0 ? default : source.Slice(end - length, length).ToArray();
        return end;
    }

    /// <summary>
    /// The same without a copy: the bytes are the <paramref name="length"/> ones before the offset returned. For fields
    /// that are copied together once all of them are known to be there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SkipFixedBinary(ReadOnlySpan<byte> source, int offset, int length)
    {
        // With a constant length under 256 this is one comparison of the room and one of the two header bytes.
        if (length <= byte.MaxValue && (uint)offset < (uint)source.Length && source.Length - offset >= length + 2)
        {
            ushort header = BinaryPrimitives.ReadUInt16BigEndian(source[offset..]);
            if (header == ((MessagePackCode.Bin8 << 8) | length))
            {
                return offset + 2 + length;
            }
        }

        return SkipFixedBinarySlow(source, offset, length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int SkipFixedBinarySlow(ReadOnlySpan<byte> source, int offset, int length)
    {
        int start = ReadFixedBinaryHeader(source, offset, length);
        return start < 0 ? start : start + length;
    }

    /// <summary>The offset of the data of a bin value of exactly <paramref name="length"/> bytes, all of them there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadFixedBinaryHeader(ReadOnlySpan<byte> source, int offset, int length)
    {
        int start = ReadBinaryHeader(source, offset, out int claimed);
        if (start < 0 || claimed != length)
        {
            return start < 0 ? start : claimed > length ? LimitExceeded : ConstraintViolated;
        }

        return source.Length - start < length ? Truncated : start;
    }

    /// <summary>Reads a string header; the length, in bytes, is only what the bytes claim.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadStringHeader(ReadOnlySpan<byte> source, int offset, out int length)
    {
        if ((uint)offset < (uint)source.Length)
        {
            int fix = source[offset] - MessagePackCode.FixString;
            if ((uint)fix < 32)
            {
                length = fix;
                return offset + 1;
            }
        }

        int end = ReadLength(source, offset, MessagePackCode.Str8, 32, out int wide);
        length = wide;
        return end;
    }

    /// <summary>Reads a bin header; the length is only what the bytes claim.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadBinaryHeader(ReadOnlySpan<byte> source, int offset, out int length)
    {
        if ((uint)(offset + 1) < (uint)source.Length && source[offset] == MessagePackCode.Bin8)
        {
            length = source[offset + 1];
            return offset + 2;
        }

        int end = ReadLength(source, offset, MessagePackCode.Bin8, 0, out int wide);
        length = wide;
        return end;
    }

    /// <summary>Reads an extension header: the application's type and the length its bytes claim.</summary>
    public static int ReadExtensionHeader(ReadOnlySpan<byte> source, int offset, out sbyte type, out int length)
    {
        type = 0;
        length = 0;
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        byte code = source[offset];
        int end;
        if (code is >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16)
        {
            length = 1 << (code - MessagePackCode.FixExt1);
            end = offset + 1;
        }
        else
        {
            end = ReadLength(source, offset, MessagePackCode.Ext8, 0, out length);
            if (end < 0)
            {
                return end;
            }

            if (length is 1 or 2 or 4 or 8 or 16)
            {
                return NotCanonical;
            }
        }

        if (end >= source.Length)
        {
            return Truncated;
        }

        type = (sbyte)source[end];
        return end + 1;
    }

    /// <summary>The 8-, 16- and 32-bit length forms: code8, code8 + 1, code8 + 2. Lengths under a form's floor belong to a shorter one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadLength(ReadOnlySpan<byte> source, int offset, byte code8, uint floor8, out int length)
    {
        length = 0;
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        int form = source[offset] - code8;
        if ((uint)form > 2)
        {
            return WrongType;
        }

        int width = 1 << form;
        if (source.Length - offset - 1 < width)
        {
            return Truncated;
        }

        uint claimed = ReadBigEndian(source, offset + 1, width);
        uint floor = form switch { 0 => floor8, 1 => 0x100u, _ => 0x1_0000u };
        if (claimed < floor)
        {
            return NotCanonical;
        }

        if (claimed > int.MaxValue)
        {
            return LimitExceeded;
        }

        length = (int)claimed;
        return offset + 1 + width;
    }
}
