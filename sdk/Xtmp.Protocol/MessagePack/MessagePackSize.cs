using System.Runtime.CompilerServices;
using System.Text;

namespace Xtmp.Protocol.MessagePack;

/// <summary>
/// How many bytes the methods of <see cref="MessagePackWriter"/> write. <c>Of…</c> is exact; <c>Max…</c> is an upper bound
/// that never looks at the text of a string.
/// </summary>
public static class MessagePackSize
{
    /// <summary>Most bytes an integer, timestamp or duration takes.</summary>
    public const int MaxInteger = 9;

    /// <summary>Bytes of a uuid, and most bytes of a u128.</summary>
    public const int Uuid = 18;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfUInt64(ulong value) =>
        value <= MessagePackCode.MaxPositiveFixInt ? 1
        : value <= byte.MaxValue ? 2
        : value <= ushort.MaxValue ? 3
        : value <= uint.MaxValue ? 5
        : 9;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfInt64(long value) =>
        value >= 0 ? OfUInt64((ulong)value)
        : value >= -32 ? 1
        : value >= sbyte.MinValue ? 2
        : value >= short.MinValue ? 3
        : value >= int.MinValue ? 5
        : 9;

    public static int OfUInt128(UInt128 value) => value <= ulong.MaxValue ? OfUInt64((ulong)value) : Uuid;

    public static int OfTimestamp(DateTimeOffset value) => OfInt64(UnixMicroseconds(value));

    public static int OfDuration(TimeSpan value) => OfInt64(value.Ticks / TimeSpan.TicksPerMicrosecond);

    public static long OfString(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        return (long)length + (length < 32 ? 1 : OfLength(length));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long OfBinary(int length) => (long)length + OfLength(length);

    /// <summary>Header of an array or a map.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfCount(int count) => count < 16 ? 1 : count <= ushort.MaxValue ? 3 : 5;

    /// <summary>A UTF-16 code unit is at most three bytes of UTF-8 (a pair of surrogates is four).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long MaxString(string value) => (value.Length * 3L) + 5;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long MaxBinary(int length) => length + 5L;

    /// <summary>Whole microseconds since 1970, rounded down.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long UnixMicroseconds(DateTimeOffset value) =>
        (value.UtcTicks / TimeSpan.TicksPerMicrosecond) - (DateTimeOffset.UnixEpoch.Ticks / TimeSpan.TicksPerMicrosecond);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int OfLength(int length) => length <= byte.MaxValue ? 2 : length <= ushort.MaxValue ? 3 : 5;
}
