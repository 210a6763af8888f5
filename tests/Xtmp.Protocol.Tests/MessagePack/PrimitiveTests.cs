using System.Numerics;
using System.Text;
using Xtmp.Protocol.MessagePack;

namespace Xtmp.Protocol.Tests;

/// <summary>Ends of ranges, lengths around every change of form, and refusals of the primitive reader.</summary>
public sealed class PrimitiveTests
{
    private const int Many = 20_000;

    [Fact]
    public void Round_trips_integers_of_every_magnitude()
    {
        var random = new Random(1);
        for (int i = 0; i < Many; i++)
        {
            ulong unsigned = (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            long signed = random.Next(2) == 0 ? (long)(unsigned >> 1) : -(long)(unsigned >> 1) - 1;
            var bytes = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteUInt64(ref to, unsigned));
            Assert.Equal(PlainPack.Integer(unsigned), bytes);
            Assert.Equal(bytes.Length, MessagePackSize.OfUInt64(unsigned));
            Assert.Equal(bytes.Length, MessagePackReader.ReadUInt64(bytes, 0, out ulong readUnsigned));
            Assert.Equal(unsigned, readUnsigned);

            bytes = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteInt64(ref to, signed));
            Assert.Equal(PlainPack.Integer(signed), bytes);
            Assert.Equal(bytes.Length, MessagePackSize.OfInt64(signed));
            Assert.Equal(bytes.Length, MessagePackReader.ReadInt64(bytes, 0, out long readSigned));
            Assert.Equal(signed, readSigned);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(65535)]
    [InlineData(65536)]
    public void Round_trips_text_and_bytes_around_every_change_of_form(int length)
    {
        var random = new Random(length);
        int room = (length * 3) + 64;
        // One character that is not ASCII, at every kind of place, takes the slow way through the same lengths.
        foreach (int odd in new[] { -1, 0, length / 2, length - 1 })
        {
            var characters = Enumerable.Range(0, length).Select(i => i == odd ? 'é' : (char)random.Next(128)).ToArray();
            var text = new string(characters);
            var bytes = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteString(ref to, text), room);
            Assert.Equal(PlainPack.Text(text), bytes);
            Assert.Equal(bytes.Length, MessagePackSize.OfString(text));
            Assert.True(bytes.Length <= MessagePackSize.MaxString(text));
            Assert.Equal(bytes.Length, MessagePackReader.ReadString(bytes, 0, 0, int.MaxValue, out var read));
            Assert.Equal(text, read);
            int size = Encoding.UTF8.GetByteCount(text);
            Assert.Equal(size == 0 ? bytes.Length : -(int)DecodeStatus.LimitExceeded, MessagePackReader.ReadString(bytes, 0, 0, Math.Max(0, size - 1), out _));
            Assert.Equal(-(int)DecodeStatus.ConstraintViolated, MessagePackReader.ReadString(bytes, 0, size + 1, int.MaxValue, out _));
        }

        var data = new byte[length];
        random.NextBytes(data);
        var packed = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteBinary(ref to, data), room);
        Assert.Equal(PlainPack.Binary(data), packed);
        Assert.Equal(packed, PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteFixedBinary(ref to, data, length), room));
        Assert.Equal(packed, PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteFixedBinary(ref to, data, length + 1), room));
        Assert.Equal(packed.Length, MessagePackSize.OfBinary(length));
        Assert.Equal(packed.Length, MessagePackReader.ReadFixedBinary(packed, 0, length, out var copy));
        Assert.True(copy.Span.SequenceEqual(data));
        Assert.Equal(packed.Length, MessagePackReader.SkipFixedBinary(packed, 0, length));
        Assert.Equal(-(int)DecodeStatus.ConstraintViolated, MessagePackReader.SkipFixedBinary(packed, 0, length + 1));
        if (length > 0)
        {
            Assert.Equal(-(int)DecodeStatus.LimitExceeded, MessagePackReader.SkipFixedBinary(packed, 0, length - 1));
            Assert.Equal(-(int)DecodeStatus.Truncated, MessagePackReader.SkipFixedBinary(packed.AsSpan(..^1), 0, length));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(int.MaxValue)]
    public void Round_trips_counts(int count)
    {
        var array = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteArrayHeader(ref to, count));
        var map = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteMapHeader(ref to, count));

        Assert.Equal(array.Length, MessagePackSize.OfCount(count));
        Assert.Equal(array.Length, MessagePackReader.ReadArrayHeader(array, 0, out int arrayCount));
        Assert.Equal(map.Length, MessagePackReader.ReadMapHeader(map, 0, out int mapCount));
        Assert.Equal((count, count), (arrayCount, mapCount));
        Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.ReadArrayHeader(map, 0, out _));
        Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.ReadMapHeader(array, 0, out _));
    }

    [Fact]
    public void Rejects_a_count_beyond_31_bits() =>
        Assert.Equal(-(int)DecodeStatus.LimitExceeded, MessagePackReader.ReadArrayHeader([0xdd, 0xff, 0xff, 0xff, 0xff], 0, out _));

    [Fact]
    public void Round_trips_u128()
    {
        foreach (var value in new UInt128[] { 0, ulong.MaxValue, (UInt128)ulong.MaxValue + 1, UInt128.MaxValue })
        {
            var bytes = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteUInt128(ref to, value));
            Assert.Equal(PlainPack.UInt128((BigInteger)value), bytes);
            Assert.Equal(bytes.Length, MessagePackSize.OfUInt128(value));
            Assert.Equal(bytes.Length, MessagePackReader.ReadUInt128(bytes, 0, out var read));
            Assert.Equal(value, read);
        }

        Assert.Equal(-(int)DecodeStatus.NotCanonical, MessagePackReader.ReadUInt128(PlainPack.Binary([.. new byte[8], .. Enumerable.Repeat((byte)1, 8)]), 0, out _));
        Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.ReadUInt128(PlainPack.Binary(new byte[15]), 0, out _));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59.999999Z")]
    [InlineData("1970-01-01T00:00:00Z")]
    [InlineData("2026-11-20T12:34:56.789012Z")]
    [InlineData("9999-12-31T23:59:59.999999Z")]
    public void Round_trips_times(string text)
    {
        var time = DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var bytes = PrimitiveBuffer.Write((ref byte to) => ref MessagePackWriter.WriteTimestamp(ref to, time));

        Assert.Equal(PlainPack.Integer((time.Ticks - DateTimeOffset.UnixEpoch.Ticks) / 10), bytes);
        Assert.Equal(bytes.Length, MessagePackReader.ReadTimestamp(bytes, 0, out var read));
        Assert.Equal(time, read);
    }

    [Theory]
    [InlineData(-62135596800000001)]
    [InlineData(253402300800000000)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void Rejects_times_outside_the_years_1_to_9999(long microseconds) =>
        Assert.Equal(-(int)DecodeStatus.OutOfRange, MessagePackReader.ReadTimestamp(PlainPack.Integer(microseconds), 0, out _));

    [Fact]
    public void Rejects_durations_a_time_span_can_not_hold()
    {
        Assert.True(MessagePackReader.ReadDuration(PlainPack.Integer(922337203685477580), 0, out var longest) > 0);
        Assert.True(MessagePackReader.ReadDuration(PlainPack.Integer(-922337203685477580), 0, out _) > 0);
        Assert.Equal(922337203685477580, longest.Ticks / 10);
        Assert.Equal(-(int)DecodeStatus.OutOfRange, MessagePackReader.ReadDuration(PlainPack.Integer(922337203685477581), 0, out _));
        Assert.Equal(-(int)DecodeStatus.OutOfRange, MessagePackReader.ReadDuration(PlainPack.Integer(long.MinValue), 0, out _));
    }

    [Fact]
    public void Rejects_numbers_beyond_the_narrow_types()
    {
        const int range = -(int)DecodeStatus.OutOfRange;
        Assert.Equal(range, MessagePackReader.ReadByte(PlainPack.Integer(256), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadUInt16(PlainPack.Integer(65536), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadUInt32(PlainPack.Integer(uint.MaxValue + 1L), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadUInt64(PlainPack.Integer(-1), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadByte(PlainPack.Integer(-40), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadSByte(PlainPack.Integer(128), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadInt16(PlainPack.Integer(-32769), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadInt32(PlainPack.Integer(int.MinValue - 1L), 0, out _));
        Assert.Equal(range, MessagePackReader.ReadInt64(PlainPack.Integer((ulong)long.MaxValue + 1), 0, out _));
    }

    [Theory]
    [InlineData("a1ff")]
    [InlineData("a2c080")]
    [InlineData("a3eda080")]
    [InlineData("a4f4908080")]
    [InlineData("a1c3")]
    public void Rejects_text_that_is_not_utf8(string hex) =>
        Assert.Equal(-(int)DecodeStatus.InvalidUtf8, MessagePackReader.ReadString(Convert.FromHexString(hex), 0, 0, 100, out _));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Rejects_floats_that_are_not_finite(double value)
    {
        Assert.Equal(-(int)DecodeStatus.ConstraintViolated, MessagePackReader.ReadDouble(PlainPack.Float64(value), 0, out _));
        Assert.Equal(-(int)DecodeStatus.ConstraintViolated, MessagePackReader.ReadSingle(PlainPack.Float32((float)value), 0, out _));
        Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.ReadDouble(PlainPack.Float32(1), 0, out _));
    }

    [Fact]
    public void Skip_stops_at_depth_and_element_limits()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x91, 20), 0x01];
        int elements = 100;
        Assert.Equal(deep.Length, MessagePackReader.Skip(deep, 0, 20, ref elements));
        Assert.Equal(80, elements);
        Assert.Equal(-(int)DecodeStatus.LimitExceeded, MessagePackReader.Skip(deep, 0, 19, ref elements));
        elements = 4;
        Assert.Equal(-(int)DecodeStatus.LimitExceeded, MessagePackReader.Skip([0x95, 1, 2, 3, 4, 5], 0, 20, ref elements));
        elements = 1_000_000;
        Assert.Equal(-(int)DecodeStatus.Truncated, MessagePackReader.Skip([0xdd, 0x00, 0x01, 0x00, 0x00], 0, 20, ref elements));
        Assert.Equal(-(int)DecodeStatus.WrongType, MessagePackReader.Skip([0xc1], 0, 20, ref elements));
    }

    [Fact]
    public void Every_reader_refuses_every_first_byte_of_another_type()
    {
        var random = new Random(2);
        for (int code = 0; code < 256; code++)
        {
            var bytes = new byte[40];
            random.NextBytes(bytes);
            bytes[0] = (byte)code;
            bool isUnsigned = code is < 0x80 or (>= 0xcc and <= 0xcf);
            bool isNumber = isUnsigned || code is >= 0xe0 or (>= 0xd0 and <= 0xd3);
            Wrong(!isNumber, MessagePackReader.ReadUInt64(bytes, 0, out _));
            Wrong(!isNumber, MessagePackReader.ReadInt64(bytes, 0, out _));
            Wrong(code is not (0xc2 or 0xc3), MessagePackReader.ReadBoolean(bytes, 0, out _));
            Wrong(code is not (>= 0xa0 and < 0xc0 or >= 0xd9 and <= 0xdb), MessagePackReader.ReadString(bytes, 0, 0, 10_000, out _));
            Wrong(code is not (>= 0xc4 and <= 0xc6), MessagePackReader.ReadBinary(bytes, 0, 0, 10_000, out _));
            Wrong(code is not (>= 0xc4 and <= 0xc6), MessagePackReader.ReadUuid(bytes, 0, out _));
            Wrong(code != 0xca, MessagePackReader.ReadSingle(bytes, 0, out _));
            Wrong(code != 0xcb, MessagePackReader.ReadDouble(bytes, 0, out _));
            Wrong(code is not (>= 0x90 and < 0xa0 or 0xdc or 0xdd), MessagePackReader.ReadArrayHeader(bytes, 0, out _));
            Wrong(code is not (>= 0x80 and < 0x90 or 0xde or 0xdf), MessagePackReader.ReadMapHeader(bytes, 0, out _));
        }

        static void Wrong(bool expected, int end) => Assert.Equal(expected, end == -(int)DecodeStatus.WrongType);
    }
}
