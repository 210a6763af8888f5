using System.Security.Cryptography;
using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>The Wycheproof test types of authenticated encryption, key derivation and message authentication.</summary>
internal static class SymmetricVectors
{
    /// <summary>AeadTest, for AES-256-GCM with 96-bit nonces and for ChaCha20-Poly1305, tags of 128 bits.</summary>
    public static Verdict Aead(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        string algorithm = file.Text("algorithm");
        bool aes = algorithm == "AES-GCM";
        bool chacha = algorithm == "CHACHA20-POLY1305";
        int nonceBits = group.Number("ivSize");
        if ((!aes && !chacha) || group.Number("keySize") != 256 || group.Number("tagSize") != 128 || (aes && nonceBits != 96))
        {
            return Verdict.NotSupported;
        }

        byte[] key = test.Hex("key");
        byte[] nonce = test.Hex("iv");
        byte[] aad = test.Hex("aad");
        byte[] message = test.Hex("msg");
        byte[] ciphertext = test.Hex("ct");
        byte[] tag = test.Hex("tag");

        // GCM takes nonces of other sizes, which we do not have; ChaCha20-Poly1305 has none, so that others are refused.
        if (key.Length != RecordCipher.KeySize || nonce.Length != RecordCipher.NonceSize || tag.Length != RecordCipher.TagSize)
        {
            return Verdict.Rejected;
        }

        using RecordCipher cipher = aes ? RecordCipher.CreateAes256Gcm(key) : RecordCipher.CreateChaCha20Poly1305(key);
        byte[] opened = new byte[ciphertext.Length];
        if (!cipher.TryOpen(nonce, ciphertext, tag, opened, aad))
        {
            return Verdict.Rejected;
        }

        byte[] made = new byte[message.Length];
        byte[] madeTag = new byte[RecordCipher.TagSize];
        cipher.Seal(nonce, message, made, madeTag, aad);
        return opened.AsSpan().SequenceEqual(message) && made.AsSpan().SequenceEqual(ciphertext) && madeTag.AsSpan().SequenceEqual(tag)
            ? Verdict.Accepted
            : Verdict.Different;
    }

    /// <summary>HkdfTest, for SHA-256 and SHA-384: extract, then expand.</summary>
    public static Verdict HkdfExpand(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        string algorithm = file.Text("algorithm");
        int hashSize = algorithm switch { "HKDF-SHA-256" => Hkdf.Sha256Size, "HKDF-SHA-384" => Hkdf.Sha384Size, _ => 0 };
        if (hashSize == 0)
        {
            return Verdict.NotSupported;
        }

        int size = test.Number("size");
        if (size < 0 || size > 255 * hashSize)
        {
            return Verdict.Rejected;
        }

        byte[] pseudorandomKey = new byte[hashSize];
        byte[] output = new byte[size];
        if (hashSize == Hkdf.Sha256Size)
        {
            Hkdf.ExtractSha256(test.Hex("salt"), test.Hex("ikm"), pseudorandomKey);
            Hkdf.ExpandSha256(pseudorandomKey, test.Hex("info"), output);
        }
        else
        {
            Hkdf.ExtractSha384(test.Hex("salt"), test.Hex("ikm"), pseudorandomKey);
            Hkdf.ExpandSha384(pseudorandomKey, test.Hex("info"), output);
        }

        return output.AsSpan().SequenceEqual(test.Hex("okm")) ? Verdict.Accepted : Verdict.Different;
    }

    /// <summary>MacTest, for HMAC with SHA-256, SHA-384 and SHA-512; shorter tags are the front of the whole one.</summary>
    public static Verdict Mac(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        string algorithm = file.Text("algorithm");
        if (algorithm is not ("HMACSHA256" or "HMACSHA384" or "HMACSHA512"))
        {
            return Verdict.NotSupported;
        }

        byte[] key = test.Hex("key");
        byte[] message = test.Hex("msg");
        byte[] tag = algorithm switch
        {
            "HMACSHA256" => HMACSHA256.HashData(key, message),
            "HMACSHA384" => ComputeSha384(key, message),
            _ => HMACSHA512.HashData(key, message),
        };
        int size = group.Number("tagSize") / 8;
        byte[] expected = test.Hex("tag");
        return size <= tag.Length && expected.Length == size && CryptographicOperations.FixedTimeEquals(tag.AsSpan(0, size), expected)
            ? Verdict.Accepted
            : Verdict.Rejected;
    }

    private static byte[] ComputeSha384(byte[] key, byte[] message)
    {
        byte[] tag = new byte[HmacSha384.Size];
        HmacSha384.Compute(key, message, tag);
        return tag;
    }
}
