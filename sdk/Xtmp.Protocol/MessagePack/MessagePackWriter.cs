using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xtmp.Protocol.MessagePack;

/// <summary>
/// Writer of MessagePack primitives in shortest form. Every method writes at a reference and returns the reference
/// after what it wrote; nothing is allocated.
/// </summary>
/// <remarks>
/// No method checks the room left: a generated <c>Encode</c> asks once for the room of the whole message
/// (<see cref="MessagePackSize"/>) and then writes unchecked. Code written by hand must do the same.
/// </remarks>
public static partial class MessagePackWriter
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteNil(ref byte destination)
    {
        destination = MessagePackCode.Nil;
        return ref Unsafe.Add(ref destination, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteBoolean(ref byte destination, bool value)
    {
        destination = value ? MessagePackCode.True : MessagePackCode.False;
        return ref Unsafe.Add(ref destination, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteUInt64(ref byte destination, ulong value)
    {
        if (value <= MessagePackCode.MaxPositiveFixInt)
        {
            destination = (byte)value;
            return ref Unsafe.Add(ref destination, 1);
        }

        return ref WriteWideUnsigned(ref destination, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteInt64(ref byte destination, long value)
    {
        if (value >= 0)
        {
            return ref WriteUInt64(ref destination, (ulong)value);
        }

        return ref WriteNegative(ref destination, value);
    }

    public static ref byte WriteSingle(ref byte destination, float value)
    {
        destination = MessagePackCode.Float32;
        return ref WriteBigEndian(ref Unsafe.Add(ref destination, 1), BitConverter.SingleToUInt32Bits(value));
    }

    public static ref byte WriteDouble(ref byte destination, double value)
    {
        destination = MessagePackCode.Float64;
        return ref WriteBigEndian(ref Unsafe.Add(ref destination, 1), BitConverter.DoubleToUInt64Bits(value));
    }

    /// <summary>An unsigned integer where it fits 64 bits, otherwise bin of 16 bytes, most significant first.</summary>
    public static ref byte WriteUInt128(ref byte destination, UInt128 value)
    {
        ulong upper = (ulong)(value >> 64);
        ulong lower = (ulong)value;
        if (upper == 0)
        {
            return ref WriteUInt64(ref destination, lower);
        }

        ref byte data = ref WriteShortBinaryHeader(ref destination, 16);
        data = ref WriteBigEndian(ref data, upper);
        return ref WriteBigEndian(ref data, lower);
    }

    /// <summary>Bin of 16 bytes in the order of RFC 9562.</summary>
    public static ref byte WriteUuid(ref byte destination, Guid value)
    {
        ref byte data = ref WriteShortBinaryHeader(ref destination, 16);
        value.TryWriteBytes(MemoryMarshal.CreateSpan(ref data, 16), bigEndian: true, out _);
        return ref Unsafe.Add(ref data, 16);
    }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z; a fraction of a microsecond is dropped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteTimestamp(ref byte destination, DateTimeOffset value) =>
        ref WriteInt64(ref destination, MessagePackSize.UnixMicroseconds(value));

    /// <summary>Microseconds; a fraction of a microsecond is dropped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteDuration(ref byte destination, TimeSpan value) =>
        ref WriteInt64(ref destination, value.Ticks / TimeSpan.TicksPerMicrosecond);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteArrayHeader(ref byte destination, int count)
    {
        if ((uint)count < 16)
        {
            destination = (byte)(MessagePackCode.FixArray | count);
            return ref Unsafe.Add(ref destination, 1);
        }

        return ref WriteCount(ref destination, MessagePackCode.Array16, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteMapHeader(ref byte destination, int count)
    {
        if ((uint)count < 16)
        {
            destination = (byte)(MessagePackCode.FixMap | count);
            return ref Unsafe.Add(ref destination, 1);
        }

        return ref WriteCount(ref destination, MessagePackCode.Map16, count);
    }

    /// <summary>Bytes that are MessagePack already, such as unknown fields on their way back out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref byte WriteRaw(ref byte destination, ReadOnlySpan<byte> value)
    {
        Unsafe.CopyBlockUnaligned(ref destination, ref MemoryMarshal.GetReference(value), (uint)value.Length);
        return ref Unsafe.Add(ref destination, value.Length);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteWideUnsigned(ref byte destination, ulong value)
    {
        ref byte data = ref Unsafe.Add(ref destination, 1);
        if (value > uint.MaxValue)
        {
            destination = MessagePackCode.UInt64;
            return ref WriteBigEndian(ref data, value);
        }

        if (value > ushort.MaxValue)
        {
            destination = MessagePackCode.UInt32;
            return ref WriteBigEndian(ref data, (uint)value);
        }

        if (value > byte.MaxValue)
        {
            destination = MessagePackCode.UInt16;
            return ref WriteBigEndian(ref data, (ushort)value);
        }

        destination = MessagePackCode.UInt8;
        data = (byte)value;
        return ref Unsafe.Add(ref data, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteNegative(ref byte destination, long value)
    {
        ref byte data = ref Unsafe.Add(ref destination, 1);
        switch (value)
        {
            case >= -32:
                destination = (byte)value;
                return ref data;
            case >= sbyte.MinValue:
                destination = MessagePackCode.Int8;
                data = (byte)value;
                return ref Unsafe.Add(ref data, 1);
            case >= short.MinValue:
                destination = MessagePackCode.Int16;
                return ref WriteBigEndian(ref data, (ushort)value);
            case >= int.MinValue:
                destination = MessagePackCode.Int32;
                return ref WriteBigEndian(ref data, (uint)value);
            default:
                destination = MessagePackCode.Int64;
                return ref WriteBigEndian(ref data, (ulong)value);
        }
    }

    /// <summary>A count of 16 or more: code16 with two bytes, or the code after it with four.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ref byte WriteCount(ref byte destination, byte code16, int count)
    {
        ref byte data = ref Unsafe.Add(ref destination, 1);
        if (count <= ushort.MaxValue)
        {
            destination = code16;
            return ref WriteBigEndian(ref data, (ushort)count);
        }

        destination = (byte)(code16 + 1);
        return ref WriteBigEndian(ref data, (uint)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte WriteBigEndian(ref byte destination, ushort value)
    {
        Unsafe.WriteUnaligned(ref destination, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return ref Unsafe.Add(ref destination, sizeof(ushort));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte WriteBigEndian(ref byte destination, uint value)
    {
        Unsafe.WriteUnaligned(ref destination, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return ref Unsafe.Add(ref destination, sizeof(uint));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref byte WriteBigEndian(ref byte destination, ulong value)
    {
        Unsafe.WriteUnaligned(ref destination, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        return ref Unsafe.Add(ref destination, sizeof(ulong));
    }
}
