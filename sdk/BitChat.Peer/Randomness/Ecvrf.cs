using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Xtmp.Crypto;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace BitChat.Peer;

/// <summary>
/// ECVRF-P256-SHA256-TAI, RFC 9381: a key's holder makes of any input one output that only it could make, and that everybody
/// can check. Section numbers are of that RFC.
/// </summary>
public static class Ecvrf
{
    /// <summary>pi: gamma, c and s.</summary>
    public const int ProofSize = 33 + ChallengeSize + 32;

    /// <summary>beta.</summary>
    public const int OutputSize = 32;

    private const byte Suite = 1;
    private const int ChallengeSize = 16;

    private static readonly Org.BouncyCastle.Asn1.X9.X9ECParameters Curve = CustomNamedCurves.GetByName("secp256r1");

    /// <summary>The public key of a secret, 33 bytes.</summary>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> secret) => Encode(Curve.G.Multiply(SecretOf(secret)));

    /// <summary>ECVRF_prove, section 5.1.</summary>
    /// <param name="secret">32 bytes, big-endian, from 1 to below the order.</param>
    /// <param name="input">alpha, any length.</param>
    /// <exception cref="ArgumentException">The secret is no such number.</exception>
    public static byte[] Prove(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> input)
    {
        var x = SecretOf(secret);
        var key = Encode(Curve.G.Multiply(x));
        var point = EncodeToCurve(key, input);
        var text = Encode(point);
        var gamma = point.Multiply(x);

        // Section 5.4.2.1: the nonce of RFC 6979, over the hash of the point.
        var nonces = new HMacDsaKCalculator(new Sha256Digest());
        nonces.Init(Curve.N, x, Sha256.HashData(text));
        var k = nonces.NextK();
        var c = Challenge(key, text, Encode(gamma), Encode(Curve.G.Multiply(k)), Encode(point.Multiply(k)));
        var s = k.Add(new BigInteger(1, c).Multiply(x)).Mod(Curve.N);
        return [.. Encode(gamma), .. c, .. Fixed(s)];
    }

    /// <summary>ECVRF_verify, section 5.3; beta where the proof is good, else null.</summary>
    public static byte[]? Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> input, ReadOnlySpan<byte> proof)
    {
        // Every point but the neutral element has the full order (cofactor 1), so decoding validates the key (section 5.4.5).
        if (proof.Length != ProofSize || P256Group.DecodePoint(publicKey) is not { } key || P256Group.DecodePoint(proof[..33]) is not { } gamma)
        {
            return null;
        }

        var c = new BigInteger(1, proof.Slice(33, ChallengeSize).ToArray());
        var s = new BigInteger(1, proof[(33 + ChallengeSize)..].ToArray());
        if (s.CompareTo(Curve.N) >= 0)
        {
            return null;
        }

        var point = EncodeToCurve(publicKey, input);
        var u = Curve.G.Multiply(s).Subtract(key.Multiply(c)).Normalize();
        var v = point.Multiply(s).Subtract(gamma.Multiply(c)).Normalize();
        if (u.IsInfinity || v.IsInfinity)
        {
            return null;
        }

        var expected = Challenge(publicKey.ToArray(), Encode(point), Encode(gamma), Encode(u), Encode(v));
        return expected.AsSpan().SequenceEqual(proof.Slice(33, ChallengeSize)) ? OutputOf(gamma) : null;
    }

    /// <summary>ECVRF_proof_to_hash, section 5.2: beta of a proof that has been verified or made here; null where it is none.</summary>
    public static byte[]? OutputOf(ReadOnlySpan<byte> proof) => proof.Length == ProofSize && P256Group.DecodePoint(proof[..33]) is { } gamma ? OutputOf(gamma) : null;

    private static byte[] OutputOf(ECPoint gamma) => Sha256.HashData([Suite, 3, .. Encode(gamma), 0]);

    // Section 5.4.1.1.
    private static ECPoint EncodeToCurve(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> input)
    {
        for (var counter = 0; ; counter++)
        {
            byte[] candidate = [2, .. Sha256.HashData([Suite, 1, .. salt, .. input, (byte)counter, 0])];
            if (P256Group.DecodePoint(candidate) is { } point)
            {
                return point;
            }
        }
    }

    // Section 5.4.3.
    private static byte[] Challenge(byte[] key, byte[] point, byte[] gamma, byte[] u, byte[] v) =>
        Sha256.HashData([Suite, 2, .. key, .. point, .. gamma, .. u, .. v, 0])[..ChallengeSize];

    private static BigInteger SecretOf(ReadOnlySpan<byte> secret)
    {
        var x = new BigInteger(1, secret.ToArray());
        return secret.Length == 32 && x.SignValue > 0 && x.CompareTo(Curve.N) < 0 ? x : throw new ArgumentException("A secret is 32 bytes, from 1 to below the order.", nameof(secret));
    }

    private static byte[] Encode(ECPoint point) => point.Normalize().GetEncoded(compressed: true);

    private static byte[] Fixed(BigInteger value)
    {
        var bytes = value.ToByteArrayUnsigned();
        return [.. new byte[32 - bytes.Length], .. bytes];
    }
}
