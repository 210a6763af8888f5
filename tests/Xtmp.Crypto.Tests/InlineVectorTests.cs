using System.Security.Cryptography;
using System.Text;

namespace Xtmp.Crypto.Tests;

/// <summary>Known answers of the RFCs and of FIPS 202, which need no files.</summary>
public sealed class InlineVectorTests
{
    [Fact]
    public void sha3_and_shake_of_the_empty_input()
    {
        byte[] output = new byte[64];
        Sha3.Hash256([], output.AsSpan(0, 32));
        Assert.Equal("a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a", Hex(output.AsSpan(0, 32)));
        Sha3.Hash512([], output);
        Assert.Equal("a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26", Hex(output));
        Shake128.Hash([], output.AsSpan(0, 32));
        Assert.Equal("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", Hex(output.AsSpan(0, 32)));
        Shake256.Hash([], output.AsSpan(0, 32));
        Assert.Equal("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f", Hex(output.AsSpan(0, 32)));
    }

    /// <summary>NIST's example of 1600 bits, the byte A3 two hundred times.</summary>
    [Fact]
    public void sha3_of_two_hundred_bytes()
    {
        byte[] input = new byte[200];
        input.AsSpan().Fill(0xA3);
        byte[] output = new byte[32];
        Sha3.Hash256(input, output);
        Assert.Equal("79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787", Hex(output));
    }

    /// <summary>.NET's SHA-3, where the platform has it, over many lengths and in pieces.</summary>
    [Fact]
    public void sha3_agrees_with_the_platform()
    {
        Assert.SkipUnless(System.Security.Cryptography.SHA3_256.IsSupported, "The platform's libcrypto has no SHA-3.");
        byte[] ours = new byte[64];
        byte[] pieces = new byte[32];
        for (int length = 0; length < 600; length += 7)
        {
            byte[] input = new byte[length];
            new SeededEntropy((ulong)length).Fill(input);
            Sha3.Hash256(input, ours.AsSpan(0, 32));
            Assert.Equal(System.Security.Cryptography.SHA3_256.HashData(input), ours[..32]);
            Sha3.Hash512(input, ours);
            Assert.Equal(System.Security.Cryptography.SHA3_512.HashData(input), ours);
            byte[] theirs = System.Security.Cryptography.Shake128.HashData(input, 500);
            using Shake128 shake = new();
            for (int i = 0; i < length; i += 11)
            {
                shake.Absorb(input.AsSpan(i, Math.Min(11, length - i)));
            }

            byte[] output = new byte[500];
            for (int i = 0; i < output.Length; i += 13)
            {
                shake.Squeeze(output.AsSpan(i, Math.Min(13, output.Length - i)));
            }

            Assert.Equal(theirs, output);
            using Sha3 incremental = Sha3.Create256();
            incremental.Append(input.AsSpan(0, length / 3));
            incremental.Append(input.AsSpan(length / 3));
            incremental.GetHashAndReset(pieces);
            Assert.Equal(System.Security.Cryptography.SHA3_256.HashData(input), pieces);
        }
    }

    [Fact]
    public void a_sponge_absorbs_no_more_once_squeezed()
    {
        using Shake256 shake = new();
        shake.Squeeze(new byte[1]);
        Assert.Throws<InvalidOperationException>(() => shake.Absorb([1]));
        shake.Reset();
        shake.Absorb([1]);
    }

    /// <summary>RFC 5869, test cases 1 to 3.</summary>
    [Theory]
    [InlineData("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")]
    [InlineData("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")]
    public void hkdf_sha256(string ikm, string salt, string info, string okm)
    {
        byte[] key = new byte[32];
        byte[] output = new byte[okm.Length / 2];
        Hkdf.ExtractSha256(Bytes(salt), Bytes(ikm), key);
        Hkdf.ExpandSha256(key, Bytes(info), output);
        Assert.Equal(okm, Hex(output));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(48)]
    [InlineData(513)]
    [InlineData(2000)]
    public void hkdf_sha384_agrees_with_the_platform(int infoSize)
    {
        byte[] salt = new byte[48];
        byte[] info = new byte[infoSize];
        new SeededEntropy(3).Fill(info);
        byte[] key = new byte[48];
        Hkdf.ExtractSha384(salt, "key"u8, key);
        foreach (int length in new[] { 0, 1, 47, 48, 49, 500, 255 * 48 })
        {
            byte[] output = new byte[length];
            Hkdf.ExpandSha384(key, info, output);
            if (length > 0)
            {
                Assert.Equal(System.Security.Cryptography.HKDF.DeriveKey(System.Security.Cryptography.HashAlgorithmName.SHA384, "key"u8.ToArray(), length, salt, info), output);
            }
        }

        Assert.Throws<ArgumentException>(() => Hkdf.ExpandSha384(key, info, new byte[(255 * 48) + 1]));
    }

    /// <summary>RFC 7748 section 6.1, and a point of low order.</summary>
    [Fact]
    public void x25519()
    {
        byte[] alice = Bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        byte[] bob = Bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        byte[] alicePublic = new byte[32];
        byte[] bobPublic = new byte[32];
        byte[] shared = new byte[32];
        X25519.PublicKey(alice, alicePublic);
        X25519.PublicKey(bob, bobPublic);
        Assert.Equal("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", Hex(alicePublic));
        Assert.Equal("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", Hex(bobPublic));
        Assert.True(X25519.TryAgree(alice, bobPublic, shared));
        Assert.Equal("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", Hex(shared));
        Assert.True(X25519.TryAgree(bob, alicePublic, shared));
        Assert.Equal("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", Hex(shared));
        Assert.False(X25519.TryAgree(bob, new byte[32], shared));
        Assert.Equal(new byte[32], shared);
        Assert.False(X25519.TryAgree(bob, new byte[31], shared));
    }

    /// <summary>RFC 8032 section 7.1, tests 1 and 2.</summary>
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    public void ed25519(string seed, string publicKey, string message, string signature)
    {
        byte[] written = new byte[32];
        byte[] signed = new byte[64];
        using (Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(Bytes(seed)))
        {
            key.WritePublicKey(written);
            key.Sign(Bytes(message), signed);
            key.Dispose();
            Assert.Throws<ObjectDisposedException>(() => key.Sign([], signed));
        }

        Assert.Equal(publicKey, Hex(written));
        Assert.Equal(signature, Hex(signed));
        Assert.True(Ed25519.Verify(written, Bytes(message), signed));
        Assert.False(Ed25519.Verify(written, [1, 2, 3], signed));
        Assert.False(Ed25519.Verify(written.AsSpan(1), Bytes(message), signed));
        Assert.False(Ed25519.Verify(written, Bytes(message), signed.AsSpan(1)));
    }

    /// <summary>RFC 8439 section 2.8.2.</summary>
    [Fact]
    public void chacha20_poly1305()
    {
        byte[] key = Bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
        byte[] message = Encoding.ASCII.GetBytes("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.");
        byte[] tag = new byte[16];
        byte[] ciphertext = new byte[message.Length];
        using RecordCipher cipher = RecordCipher.CreateChaCha20Poly1305(key);
        cipher.Seal(Bytes("070000004041424344454647"), message, ciphertext, tag, Bytes("50515253c0c1c2c3c4c5c6c7"));
        Assert.Equal("1ae10b594f09e26a7e902ecbd0600691", Hex(tag));
        Assert.Equal("d31a8d34648e60db7b86afbc53ef7ec2", Hex(ciphertext.AsSpan(0, 16)));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    [Fact]
    public void Hmac_sha384_is_that_of_dotnet_at_every_key_length()
    {
        Random random = new(3);
        byte[] code = new byte[HmacSha384.Size];
        for (int length = 0; length <= 300; length++)
        {
            byte[] key = new byte[length];
            byte[] data = new byte[random.Next(400)];
            random.NextBytes(key);
            random.NextBytes(data);
            HmacSha384.Compute(key, data, code);
            Assert.Equal(HMACSHA384.HashData(key, data), code);
        }

        HmacSha384.Compute([], [], code);
        Assert.Equal(HMACSHA384.HashData([], []), code);
        Assert.Throws<ArgumentException>(() => HmacSha384.Compute([], [], new byte[HmacSha384.Size - 1]));
    }

    [Fact]
    public void Sha256_is_that_of_dotnet_at_every_length_in_one_piece_and_in_two()
    {
        Random random = new(4);
        for (int length = 0; length <= 300; length++)
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            byte[] expected = SHA256.HashData(data);
            int cut = random.Next(length + 1);
            Assert.Equal(expected, Sha256.HashData(data));
            Assert.Equal(expected, Sha256.HashData(data.AsSpan(0, cut), data.AsSpan(cut)));
        }

        Assert.Throws<ArgumentException>(() => Sha256.HashData([], [], new byte[Sha256.Size - 1]));
    }
}
