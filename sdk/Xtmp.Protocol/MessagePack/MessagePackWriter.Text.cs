using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Xtmp.Protocol.MessagePack;

/// <content>Strings, byte arrays and extensions.</content>
public static partial class MessagePackWriter
{
    /// <summary>Writes a string as UTF-8; a lone surrogate becomes U+FFFD, as in <see cref="Encoding.UTF8"/>.</summary>
    public static ref byte WriteString(ref byte destination, string value)
    {
        // ASCII has as many bytes as chars, so the header is known before the text is looked at; text that turns out
        // to be something else is written again the long way.
        int length = value.Length;
        ref ushort text = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(value.AsSpan()));
        if (length < 32)
        {
            ref byte data = ref Unsafe.Add(ref destination, 1);
            if (TryNarrow(ref text, ref data, length))
            {
                destination = (byte)(MessagePackCode.FixString | length);
                return ref Unsafe.Add(ref data, length);
            }
        }
        else if (length < 256)
        {
            ref byte data = ref Unsafe.Add(ref destination, 2);
            if (TryNarrow(ref text, ref data, length))
            {
                destination = MessagePackCode.Str8;
                Unsafe.Add(ref destination, 1) = (byte)length;
                return ref Unsafe.Add(ref data, length);
            }
        }

        return ref WriteUnicode(ref destination, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteBinary(ref byte destination, ReadOnlySpan<byte> value)
    {
        ref byte data = ref WriteBinaryHeader(ref destination, value.Length);
        return ref WriteRaw(ref data, value);
    }

    /// <summary>
    /// Writes a value that should have <paramref name="length"/> bytes, a constant, which makes the copy a few moves. Any
    /// other length is written as it is: a peer refuses it, and <c>TryValidate</c> names the field.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteFixedBinary(ref byte destination, ReadOnlySpan<byte> value, int length)
    {
        if (value.Length != length || length > byte.MaxValue)
        {
            return ref WriteOddBinary(ref destination, value);
        }

        ref byte data = ref WriteShortBinaryHeader(ref destination, length);
        Unsafe.CopyBlockUnaligned(ref data, ref MemoryMarshal.GetReference(value), (uint)length);
        return ref Unsafe.Add(ref data, length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteOddBinary(ref byte destination, ReadOnlySpan<byte> value) => ref WriteBinary(ref destination, value);

    /// <summary>Writes an extension of the shortest form.</summary>
    public static ref byte WriteExtension(ref byte destination, sbyte type, ReadOnlySpan<byte> value)
    {
        ref byte data = ref destination;
        if (value.Length is 1 or 2 or 4 or 8 or 16)
        {
            destination = (byte)(MessagePackCode.FixExt1 + int.Log2(value.Length));
            data = ref Unsafe.Add(ref destination, 1);
        }
        else
        {
            data = ref WriteLength(ref destination, MessagePackCode.Ext8, value.Length);
        }

        data = (byte)type;
        return ref WriteRaw(ref Unsafe.Add(ref data, 1), value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteBinaryHeader(ref byte destination, int length)
    {
        if ((uint)length <= byte.MaxValue)
        {
            return ref WriteShortBinaryHeader(ref destination, length);
        }

        return ref WriteLength(ref destination, MessagePackCode.Bin8, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte WriteShortBinaryHeader(ref byte destination, int length)
    {
        // The code and the length in one store; with a constant length the value is a constant too.
        ushort header = (ushort)((MessagePackCode.Bin8 << 8) | length);
        Unsafe.WriteUnaligned(ref destination, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(header) : header);
        return ref Unsafe.Add(ref destination, 2);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteUnicode(ref byte destination, string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        ref byte data = ref destination;
        if (length < 32)
        {
            destination = (byte)(MessagePackCode.FixString | length);
            data = ref Unsafe.Add(ref destination, 1);
        }
        else
        {
            data = ref WriteLength(ref destination, MessagePackCode.Str8, length);
        }

        Encoding.UTF8.GetBytes(value, MemoryMarshal.CreateSpan(ref data, length));
        return ref Unsafe.Add(ref data, length);
    }

    /// <summary>A length with one, two or four bytes: code8, code8 + 1, code8 + 2.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteLength(ref byte destination, byte code8, int length)
    {
        ref byte data = ref Unsafe.Add(ref destination, 1);
        if (length <= byte.MaxValue)
        {
            destination = code8;
            data = (byte)length;
            return ref Unsafe.Add(ref data, 1);
        }

        if (length <= ushort.MaxValue)
        {
            destination = (byte)(code8 + 1);
            return ref WriteBigEndian(ref data, (ushort)length);
        }

        destination = (byte)(code8 + 2);
        return ref WriteBigEndian(ref data, (uint)length);
    }

    /// <summary>
    /// Copies chars to bytes; false when one is not ASCII, and then the destination holds rubbish. Writes at most
    /// <paramref name="length"/> bytes: the last vector overlaps the one before it rather than running over the end.
    /// </summary>
    private static bool TryNarrow(ref ushort text, ref byte destination, int length)
    {
        if (Vector128.IsHardwareAccelerated && length >= Vector128<ushort>.Count)
        {
            var seen = Vector128<ushort>.Zero;
            nuint last = (nuint)(length - Vector128<ushort>.Count);
            for (nuint i = 0; i < last; i += (nuint)Vector128<ushort>.Count)
            {
                var part = Vector128.LoadUnsafe(ref text, i);
                seen |= part;
                NarrowHalf(part, ref Unsafe.Add(ref destination, i));
            }

            var tail = Vector128.LoadUnsafe(ref text, last);
            seen |= tail;
            NarrowHalf(tail, ref Unsafe.Add(ref destination, last));
            return (seen & Vector128.Create((ushort)0xff80)) == Vector128<ushort>.Zero;
        }

        uint all = 0;
        for (int i = 0; i < length; i++)
        {
            uint one = Unsafe.Add(ref text, i);
            all |= one;
            Unsafe.Add(ref destination, i) = (byte)one;
        }

        return all <= 0x7f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void NarrowHalf(Vector128<ushort> part, ref byte destination) =>
        Unsafe.WriteUnaligned(ref destination, Vector128.Narrow(part, part).AsUInt64().ToScalar());
}
