using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Xtmp.Protocol.Tests;

/// <summary>
/// A second, naive writer of canonical MessagePack, so that the one under test is checked against something else than itself.
/// </summary>
internal static class PlainPack
{
    public static readonly byte[] Nil = [0xc0];

    public static byte[] Boolean(bool value) => [value ? (byte)0xc3 : (byte)0xc2];

    public static byte[] Integer(BigInteger value) => value switch
    {
        _ when value >= 0 && value < 128 => [(byte)value],
        _ when value >= 0 && value < 1 << 8 => [0xcc, .. BigEndian(value, 1)],
        _ when value >= 0 && value < 1 << 16 => [0xcd, .. BigEndian(value, 2)],
        _ when value >= 0 && value <= uint.MaxValue => [0xce, .. BigEndian(value, 4)],
        _ when value >= 0 => [0xcf, .. BigEndian(value, 8)],
        _ when value >= -32 => [(byte)(256 + (int)value)],
        _ when value >= sbyte.MinValue => [0xd0, .. BigEndian(value + (BigInteger.One << 8), 1)],
        _ when value >= short.MinValue => [0xd1, .. BigEndian(value + (BigInteger.One << 16), 2)],
        _ when value >= int.MinValue => [0xd2, .. BigEndian(value + (BigInteger.One << 32), 4)],
        _ => [0xd3, .. BigEndian(value + (BigInteger.One << 64), 8)],
    };

    public static byte[] UInt128(BigInteger value) => value <= ulong.MaxValue ? Integer(value) : Binary(BigEndian(value, 16));

    public static byte[] Float32(float value)
    {
        var bytes = new byte[5];
        bytes[0] = 0xca;
        BinaryPrimitives.WriteSingleBigEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    public static byte[] Float64(double value)
    {
        var bytes = new byte[9];
        bytes[0] = 0xcb;
        BinaryPrimitives.WriteDoubleBigEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    public static byte[] Text(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        return bytes.Length < 32 ? [(byte)(0xa0 + bytes.Length), .. bytes] : [.. Length(0xd9, bytes.Length), .. bytes];
    }

    public static byte[] Binary(byte[] value) => [.. Length(0xc4, value.Length), .. value];

    public static byte[] Array(IReadOnlyList<byte[]> elements) => [.. Count(0x90, 0xdc, elements.Count), .. elements.SelectMany(e => e)];

    public static byte[] Map(IReadOnlyList<(byte[] Key, byte[] Value)> entries) =>
        [.. Count(0x80, 0xde, entries.Count), .. entries.SelectMany(e => (byte[])[.. e.Key, .. e.Value])];

    private static byte[] Count(byte fix, byte code16, int count) =>
        count < 16 ? [(byte)(fix + count)] : count < 1 << 16 ? [code16, .. BigEndian(count, 2)] : [(byte)(code16 + 1), .. BigEndian(count, 4)];

    private static byte[] Length(byte code8, int length) =>
        length < 1 << 8 ? [code8, .. BigEndian(length, 1)] : length < 1 << 16 ? [(byte)(code8 + 1), .. BigEndian(length, 2)] : [(byte)(code8 + 2), .. BigEndian(length, 4)];

    private static byte[] BigEndian(BigInteger value, int width)
    {
        var bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[width - bytes.Length], .. bytes];
    }
}
