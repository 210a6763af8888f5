using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>
/// The squares modulo a safe prime of 50 bits, in place of P-256: the same algebra, so that sharing, proofs and the coin take the
/// same way, at a hundredth of the time. It hides nothing from anybody who wants to know.
/// </summary>
internal sealed class SmallGroup : CoinGroup
{
    private const ulong Prime = 1125899906842463;
    private const ulong PrimeOrder = 562949953421231;

    private SmallGroup()
    {
    }

    public static SmallGroup Instance { get; } = new();

    public override BigInteger Order { get; } = PrimeOrder;

    public override GroupPoint Generator { get; } = new Point(4);

    public override GroupPoint? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != PointSize || bytes[..25].ContainsAnyExcept((byte)0))
        {
            return null;
        }

        // That it is a square is not checked: a whole exponentiation, for a check that only an attacker on this group would need.
        var value = BinaryPrimitives.ReadUInt64BigEndian(bytes[25..]);
        return value is > 1 and < Prime ? new Point(value) : null;
    }

    public override byte[] Encode(GroupPoint point)
    {
        var bytes = new byte[PointSize];
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(25), ((Point)point).Value);
        return bytes;
    }

    public override GroupPoint Multiply(GroupPoint point, BigInteger scalar)
    {
        var (result, factor, rest) = (1UL, ((Point)point).Value, (ulong)Reduce(scalar));
        for (; rest != 0; rest >>= 1)
        {
            result = (rest & 1) != 0 ? Times(result, factor) : result;
            factor = Times(factor, factor);
        }

        return new Point(result);
    }

    public override GroupPoint Add(GroupPoint one, GroupPoint other) => new Point(Times(((Point)one).Value, ((Point)other).Value));

    public override GroupPoint HashToPoint(ReadOnlySpan<byte> text)
    {
        var value = 2 + ((ulong)HashToScalar(text) % (Prime - 3));
        return new Point(Times(value, value));
    }

    public override BigInteger Invert(BigInteger value)
    {
        // Fermat, as in the base class, in machine words.
        var (result, factor) = (1UL, (ulong)Reduce(value));
        for (var rest = PrimeOrder - 2; rest != 0; rest >>= 1)
        {
            result = (rest & 1) != 0 ? Times(result, factor, PrimeOrder) : result;
            factor = Times(factor, factor, PrimeOrder);
        }

        return result;
    }

    private static ulong Times(ulong one, ulong other) => Times(one, other, Prime);

    // A product below 2^100, reduced by its quotient in floating point, which is off by one at most.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Times(ulong one, ulong other, ulong prime)
    {
        var rest = unchecked((long)((one * other) - ((ulong)((double)one * other * (1.0 / prime)) * prime)));
        return (ulong)(rest < 0 ? rest + (long)prime : rest >= (long)prime ? rest - (long)prime : rest);
    }

    private sealed class Point(ulong value) : GroupPoint
    {
        public ulong Value { get; } = value;
    }
}
