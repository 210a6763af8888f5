using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Xtmp.Protocol.MessagePack;

/// <content>Integers, floats and the number-shaped types built on them.</content>
public static partial class MessagePackReader
{
    /// <summary>First tick of 1970, in microseconds since year 1.</summary>
    private const long EpochMicroseconds = 62_135_596_800_000_000;

    /// <summary>Microseconds between year 1 and the last whole microsecond of year 9999.</summary>
    private const long LastMicrosecond = 315_537_897_599_999_999;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadUInt64(ReadOnlySpan<byte> source, int offset, out ulong value)
    {
        if ((uint)offset < (uint)source.Length)
        {
            byte first = source[offset];
            if (first <= MessagePackCode.MaxPositiveFixInt)
            {
                value = first;
                return offset + 1;
            }
        }

        int end = ReadWideUnsigned(source, offset, out ulong wide);
        value = wide;
        return end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadUInt32(ReadOnlySpan<byte> source, int offset, out uint value)
    {
        int end = ReadUInt64(source, offset, out ulong wide);
        value = (uint)wide;
        return end >= 0 && wide > uint.MaxValue ? OutOfRange : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadUInt16(ReadOnlySpan<byte> source, int offset, out ushort value)
    {
        int end = ReadUInt64(source, offset, out ulong wide);
        value = (ushort)wide;
        return end >= 0 && wide > ushort.MaxValue ? OutOfRange : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadByte(ReadOnlySpan<byte> source, int offset, out byte value)
    {
        int end = ReadUInt64(source, offset, out ulong wide);
        value = (byte)wide;
        return end >= 0 && wide > byte.MaxValue ? OutOfRange : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt64(ReadOnlySpan<byte> source, int offset, out long value)
    {
        if ((uint)offset < (uint)source.Length)
        {
            sbyte first = (sbyte)source[offset];
            if (first >= -32)
            {
                value = first;
                return offset + 1;
            }
        }

        int end = ReadWideSigned(source, offset, out long wide);
        value = wide;
        return end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt32(ReadOnlySpan<byte> source, int offset, out int value)
    {
        int end = ReadInt64(source, offset, out long wide);
        value = (int)wide;
        return end >= 0 && value != wide ? OutOfRange : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt16(ReadOnlySpan<byte> source, int offset, out short value)
    {
        int end = ReadInt64(source, offset, out long wide);
        value = (short)wide;
        return end >= 0 && value != wide ? OutOfRange : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadSByte(ReadOnlySpan<byte> source, int offset, out sbyte value)
    {
        int end = ReadInt64(source, offset, out long wide);
        value = (sbyte)wide;
        return end >= 0 && value != wide ? OutOfRange : end;
    }

    /// <summary>A float 32; NaN and the infinities are <see cref="DecodeStatus.ConstraintViolated"/>.</summary>
    public static int ReadSingle(ReadOnlySpan<byte> source, int offset, out float value)
    {
        int end = ReadFixed(source, offset, MessagePackCode.Float32, sizeof(float));
        value = end < 0 ? 0 : BinaryPrimitives.ReadSingleBigEndian(source[(offset + 1)..]);
        return float.IsFinite(value) ? end : ConstraintViolated;
    }

    /// <summary>A float 64; NaN and the infinities are <see cref="DecodeStatus.ConstraintViolated"/>.</summary>
    public static int ReadDouble(ReadOnlySpan<byte> source, int offset, out double value)
    {
        int end = ReadFixed(source, offset, MessagePackCode.Float64, sizeof(double));
        value = end < 0 ? 0 : BinaryPrimitives.ReadDoubleBigEndian(source[(offset + 1)..]);
        return double.IsFinite(value) ? end : ConstraintViolated;
    }

    /// <summary>An unsigned integer where it fits 64 bits, otherwise bin of 16 bytes, most significant first.</summary>
    public static int ReadUInt128(ReadOnlySpan<byte> source, int offset, out UInt128 value)
    {
        if ((uint)offset < (uint)source.Length && source[offset] == MessagePackCode.Bin8)
        {
            value = default;
            int start = ReadBinaryHeader(source, offset, out int length);
            if (start < 0 || length != 16)
            {
                return start < 0 ? start : WrongType;
            }

            if (source.Length - start < 16)
            {
                return Truncated;
            }

            value = BinaryPrimitives.ReadUInt128BigEndian(source.Slice(start, 16));
            return value <= ulong.MaxValue ? NotCanonical : start + 16;
        }

        int end = ReadUInt64(source, offset, out ulong small);
        value = small;
        return end;
    }

    /// <summary>Bin of 16 bytes in the order of RFC 9562.</summary>
    public static int ReadUuid(ReadOnlySpan<byte> source, int offset, out Guid value)
    {
        int start = ReadFixedBinaryHeader(source, offset, 16);
        if (start < 0)
        {
            value = default;
            return start;
        }

        value = new Guid(source.Slice(start, 16), bigEndian: true);
        return start + 16;
    }

    /// <summary>Microseconds since 1970-01-01T00:00:00Z as an integer; years 1 to 9999.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadTimestamp(ReadOnlySpan<byte> source, int offset, out DateTimeOffset value)
    {
        int end = ReadInt64(source, offset, out long microseconds);
        ulong sinceYearOne = (ulong)microseconds + EpochMicroseconds;
        if (end < 0 || sinceYearOne > LastMicrosecond)
        {
            value = default;
            return end < 0 ? end : OutOfRange;
        }

        value = new DateTimeOffset(new DateTime((long)sinceYearOne * TimeSpan.TicksPerMicrosecond, DateTimeKind.Utc));
        return end;
    }

    /// <summary>Microseconds as an integer, within what a <see cref="TimeSpan"/> holds (about 29 000 years).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadDuration(ReadOnlySpan<byte> source, int offset, out TimeSpan value)
    {
        int end = ReadInt64(source, offset, out long microseconds);
        if (end < 0 || microseconds is > long.MaxValue / TimeSpan.TicksPerMicrosecond or < long.MinValue / TimeSpan.TicksPerMicrosecond)
        {
            value = default;
            return end < 0 ? end : OutOfRange;
        }

        value = new TimeSpan(microseconds * TimeSpan.TicksPerMicrosecond);
        return end;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadWideUnsigned(ReadOnlySpan<byte> source, int offset, out ulong value)
    {
        int end = ReadAmpleUnsigned(source, offset, out ulong ample);
        value = ample;
        return end != 0 ? end : ReadLastUnsigned(source, offset, out value);
    }

    /// <summary>
    /// The wide forms away from the end of the input: one load and two shifts, and no branch depends on the width. Zero,
    /// which is never an offset after a value, when this is not one of them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadAmpleUnsigned(ReadOnlySpan<byte> source, int offset, out ulong value)
    {
        if ((uint)offset < (uint)source.Length && source.Length - offset >= 9)
        {
            int form = source[offset] - MessagePackCode.UInt8;
            if ((uint)form <= 3)
            {
                int width = 1 << form;
                value = BinaryPrimitives.ReadUInt64BigEndian(source[(offset + 1)..]) >> (64 - (width << 3));
                ulong floor = Math.Max(1UL << (width << 2), MessagePackCode.MaxPositiveFixInt + 1UL);
                return value < floor ? NotCanonical : offset + 1 + width;
            }
        }

        value = 0;
        return 0;
    }

    /// <summary>The wide forms where the input ends within nine bytes, and all that is not an unsigned integer.</summary>
    private static int ReadLastUnsigned(ReadOnlySpan<byte> source, int offset, out ulong value)
    {
        value = 0;
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        int left = source.Length - offset - 1;
        switch (source[offset])
        {
            case MessagePackCode.UInt64:
                if (left < 8)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadUInt64BigEndian(source[(offset + 1)..]);
                return value <= uint.MaxValue ? NotCanonical : offset + 9;
            case MessagePackCode.UInt32:
                if (left < 4)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadUInt32BigEndian(source[(offset + 1)..]);
                return value <= ushort.MaxValue ? NotCanonical : offset + 5;
            case MessagePackCode.UInt16:
                if (left < 2)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadUInt16BigEndian(source[(offset + 1)..]);
                return value <= byte.MaxValue ? NotCanonical : offset + 3;
            case MessagePackCode.UInt8:
                if (left < 1)
                {
                    return Truncated;
                }

                value = source[offset + 1];
                return value <= MessagePackCode.MaxPositiveFixInt ? NotCanonical : offset + 2;
            default:
                // A well-formed negative number is a number, only not one this field can hold.
                int end = ReadWideSignedOrFix(source, offset, out _);
                return end < 0 ? end : OutOfRange;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadWideSigned(ReadOnlySpan<byte> source, int offset, out long value)
    {
        int ample = ReadAmpleUnsigned(source, offset, out ulong wide);
        if (ample != 0)
        {
            value = (long)wide;
            return ample >= 0 && value < 0 ? OutOfRange : ample;
        }

        if ((uint)offset < (uint)source.Length && source[offset] is >= MessagePackCode.UInt8 and <= MessagePackCode.UInt64)
        {
            int end = ReadLastUnsigned(source, offset, out ulong unsigned);
            value = (long)unsigned;
            return end >= 0 && value < 0 ? OutOfRange : end;
        }

        return ReadWideSignedOrFix(source, offset, out value);
    }

    private static int ReadWideSignedOrFix(ReadOnlySpan<byte> source, int offset, out long value)
    {
        value = 0;
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        int left = source.Length - offset - 1;
        switch (source[offset])
        {
            case >= MessagePackCode.MinNegativeFixInt:
                value = (sbyte)source[offset];
                return offset + 1;
            case MessagePackCode.Int8:
                if (left < 1)
                {
                    return Truncated;
                }

                value = (sbyte)source[offset + 1];
                return value >= -32 ? NotCanonical : offset + 2;
            case MessagePackCode.Int16:
                if (left < 2)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadInt16BigEndian(source[(offset + 1)..]);
                return value >= sbyte.MinValue ? NotCanonical : offset + 3;
            case MessagePackCode.Int32:
                if (left < 4)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadInt32BigEndian(source[(offset + 1)..]);
                return value >= short.MinValue ? NotCanonical : offset + 5;
            case MessagePackCode.Int64:
                if (left < 8)
                {
                    return Truncated;
                }

                value = BinaryPrimitives.ReadInt64BigEndian(source[(offset + 1)..]);
                return value >= int.MinValue ? NotCanonical : offset + 9;
            default:
                return WrongType;
        }
    }

    private static int ReadFixed(ReadOnlySpan<byte> source, int offset, byte code, int width)
    {
        if ((uint)offset >= (uint)source.Length)
        {
            return Truncated;
        }

        if (source[offset] != code)
        {
            return WrongType;
        }

        return source.Length - offset - 1 < width ? Truncated : offset + 1 + width;
    }
}
