using System.Numerics;
using Org.BouncyCastle.Crypto.EC;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;
using Org.BouncyCastle.Math.EC.Multiplier;
using Xtmp.Crypto;
using BcInteger = Org.BouncyCastle.Math.BigInteger;

namespace BitChat.Peer;

/// <summary>
/// NIST P-256, by BouncyCastle. Its scalars live in arbitrary-precision integers, so neither time nor memory access is
/// independent of them: who can measure a device while it makes shares may learn its part of one epoch's coin.
/// </summary>
public sealed class P256Group : CoinGroup
{
    private static readonly Org.BouncyCastle.Asn1.X9.X9ECParameters Curve = CustomNamedCurves.GetByName("secp256r1");
    private static readonly FixedPointCombMultiplier Comb = new();

    private P256Group()
    {
    }

    public static P256Group Instance { get; } = new();

    public override BigInteger Order { get; } = new(Curve.N.ToByteArrayUnsigned(), isUnsigned: true, isBigEndian: true);

    public override GroupPoint Generator { get; } = new Point(Curve.G);

    public override GroupPoint? Decode(ReadOnlySpan<byte> bytes) => DecodePoint(bytes) is { } point ? new Point(point) : null;

    public override byte[] Encode(GroupPoint point) => Of(point).GetEncoded(compressed: true);

    public override GroupPoint Multiply(GroupPoint point, BigInteger scalar)
    {
        var factor = new BcInteger(1, EncodeScalar(Reduce(scalar)));
        return new Point(ReferenceEquals(point, Generator) ? Comb.Multiply(Curve.G, factor) : Of(point).Multiply(factor));
    }

    public override GroupPoint Add(GroupPoint one, GroupPoint other) => new Point(Of(one).Add(Of(other)));

    /// <summary>Try and increment, as RFC 9381 section 5.4.1.1: what is hashed is public, so the time it takes tells nothing.</summary>
    public override GroupPoint HashToPoint(ReadOnlySpan<byte> text)
    {
        for (var counter = 0; ; counter++)
        {
            byte[] candidate = [2, .. Sha256.HashData([.. text, (byte)counter, (byte)(counter >> 8)])];
            if (DecodePoint(candidate) is { } point)
            {
                return new Point(point);
            }
        }
    }

    internal static Org.BouncyCastle.Crypto.Parameters.ECDomainParameters Domain { get; } = new(Curve);

    internal static ECPoint? DecodePoint(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != PointSize || bytes[0] is not (2 or 3))
        {
            return null;
        }

        try
        {
            return Curve.Curve.DecodePoint(bytes.ToArray());
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static ECPoint Of(GroupPoint point) => ((Point)point).Value;

    private sealed class Point(ECPoint value) : GroupPoint
    {
        public ECPoint Value { get; } = value.Normalize();
    }
}
