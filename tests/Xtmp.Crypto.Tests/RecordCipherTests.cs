namespace Xtmp.Crypto.Tests;

/// <summary>Both record ciphers: in place, wrong in any bit, any length.</summary>
public sealed class RecordCipherTests
{
    public static TheoryData<string> Names() => ["aes", "chacha"];

    [Theory]
    [MemberData(nameof(Names))]
    public void round_trips_in_place_and_apart(string name)
    {
        using RecordCipher sealer = Create(name);
        using RecordCipher opener = Create(name);
        foreach (int length in new[] { 0, 1, 15, 16, 17, 255, 256, 1200, 65536 })
        {
            byte[] plain = new byte[length];
            new SeededEntropy((ulong)length).Fill(plain);
            byte[] nonce = new byte[12];
            nonce[11] = (byte)length;
            byte[] aad = new byte[length % 97];
            byte[] tag = new byte[16];
            byte[] apart = new byte[length];
            byte[] inPlace = (byte[])plain.Clone();
            sealer.Seal(nonce, plain, apart, tag, aad);
            sealer.Seal(nonce, inPlace, inPlace, tag, aad);
            Assert.Equal(apart, inPlace);
            Assert.True(opener.TryOpen(nonce, inPlace, tag, inPlace, aad));
            Assert.Equal(plain, inPlace);
            Assert.True(opener.TryOpen(nonce, apart, tag, inPlace, aad));
            Assert.Equal(plain, inPlace);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void rejects_every_flipped_bit_and_goes_on(string name)
    {
        using RecordCipher cipher = Create(name);
        byte[] plain = [1, 2, 3, 4, 5];
        byte[] nonce = new byte[12];
        byte[] aad = [9, 8, 7];
        byte[] tag = new byte[16];
        byte[] ciphertext = new byte[5];
        byte[] opened = new byte[5];
        cipher.Seal(nonce, plain, ciphertext, tag, aad);
        foreach (byte[] part in new[] { ciphertext, tag, aad, nonce })
        {
            for (int bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << (bit % 8));
                opened.AsSpan().Fill(0xEE);
                Assert.False(cipher.TryOpen(nonce, ciphertext, tag, opened, aad));
                Assert.Equal(new byte[5], opened);
                part[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.True(cipher.TryOpen(nonce, ciphertext, tag, opened, aad));
        Assert.Equal(plain, opened);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void refuses_buffers_of_a_wrong_size_and_use_after_disposal(string name)
    {
        RecordCipher cipher = Create(name);
        Assert.ThrowsAny<ArgumentException>(() => cipher.Seal(new byte[11], [], [], new byte[16], []));
        Assert.ThrowsAny<ArgumentException>(() => cipher.Seal(new byte[12], [1], [], new byte[16], []));
        Assert.ThrowsAny<ArgumentException>(() => cipher.Seal(new byte[12], [], [], new byte[15], []));
        Assert.ThrowsAny<ArgumentException>(() => cipher.TryOpen(new byte[12], [], new byte[12], [], []));
        Assert.ThrowsAny<ArgumentException>(() => cipher.TryOpen(new byte[12], [1], new byte[16], [], []));
        cipher.Dispose();
        Assert.ThrowsAny<ObjectDisposedException>(() => cipher.Seal(new byte[12], [], [], new byte[16], []));
        Assert.ThrowsAny<ArgumentException>(() => RecordCipher.CreateAes256Gcm(new byte[16]));
        Assert.ThrowsAny<ArgumentException>(() => RecordCipher.CreateChaCha20Poly1305(new byte[31]));
    }

    private static RecordCipher Create(string name)
    {
        byte[] key = new byte[32];
        key[3] = 7;
        return name == "aes" ? RecordCipher.CreateAes256Gcm(key) : RecordCipher.CreateChaCha20Poly1305(key);
    }
}
