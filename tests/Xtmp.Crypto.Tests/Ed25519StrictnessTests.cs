using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto.Tests;

/// <summary>
/// What RFC 8032 leaves open, decided: keys and nonces of small order and encodings that are not canonical are refused,
/// and the equation is checked without the cofactor (README, Decisions).
/// </summary>
public sealed partial class Ed25519StrictnessTests
{
    private static readonly BigInteger s_order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");

    private static readonly byte[] s_identity = Encode(BigInteger.One);

    /// <summary>Every point of order 1, 2, 4 and 8, and the encodings of y = 0 and 1 with p added.</summary>
    public static TheoryData<string> PointsOfSmallOrder() =>
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    [Theory]
    [MemberData(nameof(PointsOfSmallOrder))]
    public void refuses_a_key_of_small_order(string point)
    {
        // s = 0 and R the identity: 0·B = R + k·A holds for one message in eight, whatever they say.
        byte[] signature = [.. s_identity, .. new byte[32]];
        foreach (byte sign in new byte[] { 0, 0x80 })
        {
            byte[] key = Convert.FromHexString(point);
            key[31] |= sign;
            for (byte message = 0; message < 64; message++)
            {
                Assert.False(Ed25519.Verify(key, [message], signature));
            }
        }
    }

    [Theory]
    [MemberData(nameof(PointsOfSmallOrder))]
    public void refuses_a_nonce_of_small_order(string point)
    {
        (byte[] key, BigInteger scalar) = Key();
        byte[] r = Convert.FromHexString(point);
        for (byte message = 0; message < 64; message++)
        {
            Assert.False(Ed25519.Verify(key, [message], Sign(key, scalar, BigInteger.Zero, r, message)));
        }
    }

    [Fact]
    public void refuses_s_that_is_not_below_the_order()
    {
        using Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(new byte[32]);
        byte[] publicKey = new byte[32];
        byte[] signature = new byte[64];
        key.WritePublicKey(publicKey);
        key.Sign([1], signature);
        Assert.True(Ed25519.Verify(publicKey, [1], signature));
        BigInteger s = new BigInteger(signature.AsSpan(32), isUnsigned: true) + s_order;
        Assert.False(Ed25519.Verify(publicKey, [1], [.. signature[..32], .. Encode(s)]));
    }

    /// <summary>A key with a part of order 8: times the cofactor every message would be accepted, without it one in eight.</summary>
    [Fact]
    public void checks_the_equation_without_the_cofactor()
    {
        (byte[] key, BigInteger scalar) = Key();
        byte[] mixed = new byte[32];
        Assert.Equal(0, crypto_core_ed25519_add(mixed, key, Convert.FromHexString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")));
        BigInteger nonce = 12345;
        byte[] r = new byte[32];
        Assert.Equal(0, crypto_scalarmult_ed25519_base_noclamp(r, Encode(nonce)));
        int accepted = Enumerable.Range(0, 64).Count(message => Ed25519.Verify(mixed, [(byte)message], Sign(mixed, scalar, nonce, r, (byte)message)));
        Assert.Equal(7, accepted);
    }

    // s = r + k·a for a nonce and key of the caller's choice.
    private static byte[] Sign(byte[] key, BigInteger scalar, BigInteger nonce, byte[] r, byte message)
    {
        BigInteger k = new(SHA512.HashData([.. r, .. key, message]), isUnsigned: true);
        return [.. r, .. Encode((nonce + (k * scalar)) % s_order)];
    }

    private static (byte[] Key, BigInteger Scalar) Key()
    {
        byte[] seed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        byte[] hash = SHA512.HashData(seed)[..32];
        hash[0] &= 248;
        hash[31] = (byte)((hash[31] & 127) | 64);
        byte[] key = new byte[32];
        using Ed25519PrivateKey made = Ed25519PrivateKey.FromSeed(seed);
        made.WritePublicKey(key);
        return (key, new BigInteger(hash, isUnsigned: true));
    }

    private static byte[] Encode(BigInteger value)
    {
        byte[] bytes = new byte[32];
        value.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    [LibraryImport("libsodium")]
    private static partial int crypto_core_ed25519_add([Out] byte[] sum, byte[] first, byte[] second);

    [LibraryImport("libsodium")]
    private static partial int crypto_scalarmult_ed25519_base_noclamp([Out] byte[] point, byte[] scalar);
}
