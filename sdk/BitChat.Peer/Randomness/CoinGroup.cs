using System.Numerics;
using System.Security.Cryptography;

namespace BitChat.Peer;

/// <summary>An element of a <see cref="CoinGroup"/>.</summary>
public abstract class GroupPoint;

/// <summary>
/// A group of prime order in which discrete logarithms are hard, as an argument like the signatures: P-256 at a table, a small
/// one in the simulator, where the curve would be most of the time.
/// </summary>
public abstract class CoinGroup
{
    /// <summary>Bytes of an encoded point.</summary>
    public const int PointSize = 33;

    /// <summary>Bytes of an encoded scalar, big-endian.</summary>
    public const int ScalarSize = 32;

    /// <summary>The order, a prime.</summary>
    public abstract BigInteger Order { get; }

    public abstract GroupPoint Generator { get; }

    /// <summary>The point of 33 bytes, or null where they are none or the neutral element.</summary>
    public abstract GroupPoint? Decode(ReadOnlySpan<byte> bytes);

    public abstract byte[] Encode(GroupPoint point);

    public abstract GroupPoint Multiply(GroupPoint point, BigInteger scalar);

    public abstract GroupPoint Add(GroupPoint one, GroupPoint other);

    /// <summary>A point whose logarithm nobody knows.</summary>
    public abstract GroupPoint HashToPoint(ReadOnlySpan<byte> text);

    /// <summary>A scalar from a hash of twice the order's length, so that none is likelier than another.</summary>
    public BigInteger HashToScalar(ReadOnlySpan<byte> text) => new BigInteger(SHA512.HashData(text), isUnsigned: true, isBigEndian: true) % Order;

    /// <summary>The value modulo the order, never negative.</summary>
    public BigInteger Reduce(BigInteger value)
    {
        var rest = value % Order;
        return rest.Sign < 0 ? rest + Order : rest;
    }

    public virtual BigInteger Invert(BigInteger value) => BigInteger.ModPow(Reduce(value), Order - 2, Order);

    /// <summary>The scalar of 32 bytes, or null where they are not below the order.</summary>
    public BigInteger? DecodeScalar(ReadOnlySpan<byte> bytes)
    {
        var value = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        return bytes.Length == ScalarSize && value < Order ? value : null;
    }

    public static byte[] EncodeScalar(BigInteger scalar)
    {
        var bytes = new byte[ScalarSize];
        var count = scalar.GetByteCount(isUnsigned: true);
        scalar.TryWriteBytes(bytes.AsSpan(ScalarSize - count), out _, isUnsigned: true, isBigEndian: true);
        return bytes;
    }
}
