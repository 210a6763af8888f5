using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>crypto</c>: primitives on one thread, against the bars, and against the platform where it has them.</summary>
internal static class CryptoBenches
{
    /// <summary>Signing time varies from message to message; the mean is over at least so many.</summary>
    private const int SignedMessages = 1000;

    public static Task RunAsync(BenchContext context)
    {
        MlKem(context);
        MlDsa(context);
        Curves(context);
        Identities(context);
        Records(context);
        Hashes(context);
        return Task.CompletedTask;
    }

    private static void MlKem(BenchContext context)
    {
        byte[] seed = Bytes(MlKem1024.SeedSize, 1);
        byte[] message = Bytes(MlKem1024.EncapsulationRandomnessSize, 2);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[MlKem1024.SharedSecretSize];
        ICryptoProvider managed = CryptoProviders.Managed;
        using MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(seed, managed);
        key.WriteEncapsulationKey(ek);
        MlKem1024.TryEncapsulate(ek, message, ciphertext, secret);
        Time(context, "crypto.mlkem1024.keygen", 30, () => MlKem1024PrivateKey.FromSeed(seed, managed).Dispose(), note: "allocates the key it returns, expanded for decapsulation");
        Time(context, "crypto.mlkem1024.encaps", 30, () => MlKem1024.TryEncapsulate(ek, message, ciphertext, secret));
        Time(context, "crypto.mlkem1024.decaps", 38, () => key.TryDecapsulate(ciphertext, secret), note: "key object, matrix kept from key generation");
        if (!MLKem.IsSupported)
        {
            Absent(context, "crypto.mlkem1024.platform", ".NET MLKem");
            return;
        }

        using MLKem platform = MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem1024, seed);
        Versus(context, "crypto.mlkem1024.keygen.platform", ".NET MLKem", () => MlKem1024PrivateKey.FromSeed(seed, managed).Dispose(), () => MLKem.ImportPrivateSeed(MLKemAlgorithm.MLKem1024, seed).Dispose());
        Versus(context, "crypto.mlkem1024.encaps.platform", ".NET MLKem", () => MlKem1024.TryEncapsulate(ek, message, ciphertext, secret), () => platform.Encapsulate(ciphertext, secret));
        Versus(context, "crypto.mlkem1024.decaps.platform", ".NET MLKem", () => key.TryDecapsulate(ciphertext, secret), () => platform.Decapsulate(ciphertext, secret));
    }

    private static void MlDsa(BenchContext context)
    {
        byte[] seed = Bytes(MlDsa87.SeedSize, 3);
        byte[] randomness = new byte[MlDsa87.RandomnessSize];
        byte[] publicKey = new byte[MlDsa87.PublicKeySize];
        byte[] signature = new byte[MlDsa87.SignatureSize];
        byte[] message = new byte[64];
        ICryptoProvider managed = CryptoProviders.Managed;
        using MlDsa87PrivateKey key = MlDsa87PrivateKey.FromSeed(seed, managed);
        key.WritePublicKey(publicKey);
        MlDsa87PublicKey.TryImport(publicKey, managed, out MlDsa87PublicKey? imported);
        key.Sign(message, [], randomness, signature);
        byte[] verified = (byte[])signature.Clone();
        byte[] signed = (byte[])message.Clone();
        Action sign = () =>
        {
            BitConverter.TryWriteBytes(message, BitConverter.ToInt64(message) + 1);
            key.Sign(message, [], randomness, signature);
        };
        Time(context, "crypto.mldsa87.keygen", 110, () => MlDsa87PrivateKey.FromSeed(seed, managed).Dispose(), note: "allocates the key it returns, expanded for signing");
        Time(context, "crypto.mldsa87.sign", 280, sign, SignedMessages, "mean over at least 1000 messages, key object");
        Time(context, "crypto.mldsa87.verify", 110, () => MlDsa87.Verify(publicKey, signed, [], verified), note: "from public key bytes, matrix expanded each time");
        Time(context, "crypto.mldsa87.verify.imported", null, () => imported!.Verify(signed, [], verified), note: "key object, matrix kept");
        if (!MLDsa.IsSupported)
        {
            Absent(context, "crypto.mldsa87.platform", ".NET MLDsa");
            return;
        }

        using MLDsa platform = MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa87, seed);
        Versus(context, "crypto.mldsa87.keygen.platform", ".NET MLDsa", () => MlDsa87PrivateKey.FromSeed(seed, managed).Dispose(), () => MLDsa.ImportMLDsaPrivateSeed(MLDsaAlgorithm.MLDsa87, seed).Dispose());
        Versus(context, "crypto.mldsa87.sign.platform", ".NET MLDsa", sign, () => platform.SignData(message, signature), SignedMessages);
        Versus(context, "crypto.mldsa87.verify.platform", ".NET MLDsa", () => MlDsa87.Verify(publicKey, signed, [], verified), () => platform.VerifyData(signed, verified));
    }

    private static void Curves(BenchContext context)
    {
        byte[] privateKey = Bytes(32, 4);
        byte[] peer = new byte[32];
        byte[] output = new byte[32];
        X25519.PublicKey(Bytes(32, 5), peer);
        Time(context, "crypto.x25519.keygen", null, () => X25519.PublicKey(privateKey, output));
        Time(context, "crypto.x25519.agree", null, () => X25519.TryAgree(privateKey, peer, output), note: "from private key bytes");
        using X25519PrivateKey held = X25519PrivateKey.FromBytes(privateKey);
        Time(context, "crypto.x25519.agree.held", null, () => held.TryAgree(peer, output), note: "key object");
        using Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(privateKey);
        byte[] message = new byte[120];
        byte[] signature = new byte[64];
        byte[] publicKey = new byte[32];
        key.WritePublicKey(publicKey);
        key.Sign(message, signature);
        Time(context, "crypto.ed25519.sign", null, () => key.Sign(message, signature));
        Time(context, "crypto.ed25519.verify", null, () => Ed25519.Verify(publicKey, message, signature));
    }

    private static void Identities(BenchContext context)
    {
        IEntropy entropy = SystemEntropy.Instance;
        using IdentityKey key = IdentityKey.Generate(entropy);
        byte[] hash = new byte[64];
        byte[] mlDsa = new byte[MlDsa87.SignatureSize];
        byte[] ed25519 = new byte[Ed25519.SignatureSize];
        key.Sign("label"u8, "server"u8, hash, entropy, mlDsa, ed25519);
        byte[] signature1 = (byte[])mlDsa.Clone();
        byte[] signature2 = (byte[])ed25519.Clone();
        Time(context, "crypto.identity.sign", null, () => key.Sign("label"u8, "server"u8, hash, entropy, mlDsa, ed25519), SignedMessages, "ML-DSA-87 and Ed25519");
        Time(context, "crypto.identity.verify", null, () => key.Public.Verify("label"u8, "server"u8, hash, signature1, signature2), note: "ML-DSA-87 and Ed25519");
    }

    private static void Records(BenchContext context)
    {
        byte[] key = Bytes(32, 7);
        byte[] nonce = new byte[12];
        byte[] aad = new byte[96];
        byte[] tag = new byte[16];
        byte[] plain = new byte[256];
        byte[] cipher = new byte[256];
        using RecordCipher aes = RecordCipher.CreateAes256Gcm(key);
        using AesGcm bare = new(key, 16);
        Versus(context, "crypto.aes256gcm.roundtrip256", "AesGcm", () =>
        {
            aes.Seal(nonce, plain, cipher, tag, aad);
            aes.TryOpen(nonce, cipher, tag, plain, aad);
        }, () =>
        {
            bare.Encrypt(nonce, plain, cipher, tag, aad);
            bare.Decrypt(nonce, cipher, tag, plain, aad);
        });
        using RecordCipher chacha = RecordCipher.CreateChaCha20Poly1305(key);
        Time(context, "crypto.chacha20poly1305.roundtrip256", null, () =>
        {
            chacha.Seal(nonce, plain, cipher, tag, aad);
            chacha.TryOpen(nonce, cipher, tag, plain, aad);
        });
        byte[] wrong = new byte[16];
        Time(context, "crypto.aes256gcm.refuse256", null, () => aes.TryOpen(nonce, cipher, wrong, plain, aad), note: "a wrong tag");
    }

    private static void Hashes(BenchContext context)
    {
        byte[] data = new byte[1 << 20];
        byte[] output = new byte[64];
        Rate(context, "crypto.shake128.1MiB", data.Length, () => Xtmp.Crypto.Shake128.Hash(data, output.AsSpan(0, 32)));
        byte[] key = new byte[48];
        Time(context, "crypto.hkdf384.expand48", null, () => Hkdf.ExpandSha384(key, "info"u8, output.AsSpan(0, 48)));
    }

    private static void Time(BenchContext context, string name, double? bar, Action operation, int minimum = 1, string? note = null)
    {
        Measurement measured = InterleavedRounds.Measure(context.Budget, operation, minimum);
        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = measured.Microseconds,
            Unit = "us",
            HigherIsBetter = false,
            Bar = bar,
            Allocated = Math.Round(measured.Allocated),
            Note = Join(note, measured.SpreadNote),
        });
    }

    private static void Versus(BenchContext context, string name, string peer, Action ours, Action theirs, int minimum = 1)
    {
        Measurement[] measured = InterleavedRounds.Measure(context.Budget, minimum, Contender.Of("ours", ours), Contender.Of(peer, theirs));
        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = measured[0].Microseconds,
            Unit = "us",
            HigherIsBetter = false,
            Peer = peer,
            PeerValue = measured[1].Microseconds,
            Allocated = Math.Round(measured[0].Allocated),
            Note = Join(measured[0].SpreadNote, measured[1].SpreadNote is string spread ? $"peer {spread}" : null),
        });
    }

    private static void Rate(BenchContext context, string name, int bytes, Action operation)
    {
        Measurement measured = InterleavedRounds.Measure(context.Budget, operation);
        context.Report.Add(new BenchResult
        {
            Bench = name,
            Ours = bytes / measured.Seconds / 1e6,
            Unit = "MB/s",
            HigherIsBetter = true,
            Allocated = Math.Round(measured.Allocated),
            Note = measured.SpreadNote,
        });
    }

    private static void Absent(BenchContext context, string name, string peer) => context.Report.Add(new BenchResult
    {
        Bench = name,
        Ours = double.NaN,
        Unit = "us",
        HigherIsBetter = false,
        Peer = peer,
        Note = "not supported by this machine's libcrypto (OpenSSL 3.5 or later has it)",
    });

    private static string? Join(string? first, string? second) =>
        first is null ? second : second is null ? first : $"{first}; {second}";

    private static byte[] Bytes(int count, ulong seed)
    {
        byte[] bytes = new byte[count];
        new Random((int)seed).NextBytes(bytes);
        return bytes;
    }
}
