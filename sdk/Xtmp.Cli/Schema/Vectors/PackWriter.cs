using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>
/// Writes canonical MessagePack. Shares no code with the codecs that are generated, so that the two check each other.
/// </summary>
public sealed class PackWriter
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public PackWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PackWriter Nil() => Raw([0xC0]);

    public PackWriter Boolean(bool value) => Raw([value ? (byte)0xC3 : (byte)0xC2]);

    public PackWriter Integer(BigInteger value)
    {
        if (value >= 0)
        {
            return value < 128 ? Raw([(byte)value])
                : value <= byte.MaxValue ? Sized(0xCC, 1, value)
                : value <= ushort.MaxValue ? Sized(0xCD, 2, value)
                : value <= uint.MaxValue ? Sized(0xCE, 4, value)
                : value <= ulong.MaxValue ? Sized(0xCF, 8, value)
                : Binary(BigEndian(value, 16));
        }

        return value >= -32 ? Raw([(byte)(sbyte)value])
            : value >= sbyte.MinValue ? Sized(0xD0, 1, value)
            : value >= short.MinValue ? Sized(0xD1, 2, value)
            : value >= int.MinValue ? Sized(0xD2, 4, value)
            : Sized(0xD3, 8, value);
    }

    /// <summary>An integer in a form that may be longer than need be.</summary>
    public PackWriter Sized(byte header, int size, BigInteger value) => Raw([header]).Raw(BigEndian(value, size));

    public PackWriter Float32(float value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteSingleBigEndian(bytes, value);
        return Raw([0xCA]).Raw(bytes);
    }

    public PackWriter Float64(double value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        return Raw([0xCB]).Raw(bytes);
    }

    public PackWriter String(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return StringHeader(bytes.Length).Raw(bytes);
    }

    public PackWriter StringHeader(long length) =>
        length < 32 ? Raw([(byte)(0xA0 | (int)length)]) : length <= byte.MaxValue ? Sized(0xD9, 1, length) : length <= ushort.MaxValue ? Sized(0xDA, 2, length) : Sized(0xDB, 4, length);

    public PackWriter Binary(ReadOnlySpan<byte> value) => BinaryHeader(value.Length).Raw(value);

    public PackWriter BinaryHeader(long length) =>
        length <= byte.MaxValue ? Sized(0xC4, 1, length) : length <= ushort.MaxValue ? Sized(0xC5, 2, length) : Sized(0xC6, 4, length);

    public PackWriter ArrayHeader(long count) =>
        count < 16 ? Raw([(byte)(0x90 | (int)count)]) : count <= ushort.MaxValue ? Sized(0xDC, 2, count) : Sized(0xDD, 4, count);

    public PackWriter MapHeader(long count) =>
        count < 16 ? Raw([(byte)(0x80 | (int)count)]) : count <= ushort.MaxValue ? Sized(0xDE, 2, count) : Sized(0xDF, 4, count);

    private static byte[] BigEndian(BigInteger value, int size)
    {
        byte[] bytes = new byte[size];
        BigInteger rest = value < 0 ? value + (BigInteger.One << (8 * size)) : value;
        for (int i = size - 1; i >= 0; i--)
        {
            bytes[i] = (byte)(rest & 0xFF);
            rest >>= 8;
        }

        return bytes;
    }
}
