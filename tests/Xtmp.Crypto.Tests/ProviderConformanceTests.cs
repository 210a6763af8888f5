using Xtmp.Crypto.BouncyCastle;

namespace Xtmp.Crypto.Tests;

/// <summary>
/// What every provider of ML-KEM and ML-DSA must do: give the managed provider's results for the same arguments, refuse
/// the same inputs, erase on disposal.
/// </summary>
public sealed class ProviderConformanceTests
{
    public static TheoryData<string> Names() => ["managed", "platform", "bouncycastle"];

    internal static IEnumerable<ICryptoProvider> Supported() =>
        new[] { CryptoProviders.Managed, CryptoProviders.Platform, new BouncyCastleCryptoProvider() }.Where(provider => provider.IsSupported);

    [Theory]
    [MemberData(nameof(Names))]
    public void ml_kem_agrees_with_managed(string name)
    {
        ICryptoProvider provider = Require(name);
        SeededEntropy entropy = new(1);
        byte[] seed = new byte[MlKem1024.SeedSize];
        byte[] message = new byte[MlKem1024.EncapsulationRandomnessSize];
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        byte[] reference = new byte[MlKem1024.EncapsulationKeySize];
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[MlKem1024.SharedSecretSize];
        byte[] decapsulated = new byte[MlKem1024.SharedSecretSize];
        byte[] expected = new byte[MlKem1024.SharedSecretSize];
        for (int i = 0; i < 20; i++)
        {
            entropy.Fill(seed);
            entropy.Fill(message);
            using MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(seed, provider);
            using MlKem1024PrivateKey managed = MlKem1024PrivateKey.FromSeed(seed, CryptoProviders.Managed);
            key.WriteEncapsulationKey(ek);
            managed.WriteEncapsulationKey(reference);
            Assert.Equal(reference, ek);
            Assert.True(MlKem1024.TryEncapsulate(ek, message, ciphertext, secret, provider));
            if (provider.TakesRandomness)
            {
                byte[] expectedCiphertext = new byte[MlKem1024.CiphertextSize];
                Assert.True(MlKem1024.TryEncapsulate(ek, message, expectedCiphertext, expected, CryptoProviders.Managed));
                Assert.Equal(expectedCiphertext, ciphertext);
                Assert.Equal(expected, secret);
            }

            Assert.True(managed.TryDecapsulate(ciphertext, expected));
            Assert.Equal(secret, expected);
            Assert.True(key.TryDecapsulate(ciphertext, decapsulated));
            Assert.Equal(secret, decapsulated);
            ciphertext[i * 70] ^= 1;
            Assert.True(key.TryDecapsulate(ciphertext, decapsulated));
            Assert.True(managed.TryDecapsulate(ciphertext, expected));
            Assert.Equal(expected, decapsulated);
            Assert.NotEqual(secret, decapsulated);
            Assert.False(key.TryDecapsulate(ciphertext.AsSpan(1), decapsulated));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ml_dsa_agrees_with_managed(string name)
    {
        ICryptoProvider provider = Require(name);
        SeededEntropy entropy = new(2);
        byte[] seed = new byte[MlDsa87.SeedSize];
        byte[] randomness = new byte[MlDsa87.RandomnessSize];
        byte[] publicKey = new byte[MlDsa87.PublicKeySize];
        byte[] reference = new byte[MlDsa87.PublicKeySize];
        byte[] signature = new byte[MlDsa87.SignatureSize];
        byte[] expected = new byte[MlDsa87.SignatureSize];
        for (int i = 0; i < 8; i++)
        {
            entropy.Fill(seed);
            byte[] message = new byte[i * 100];
            byte[] context = new byte[i == 7 ? 255 : i];
            using MlDsa87PrivateKey key = MlDsa87PrivateKey.FromSeed(seed, provider);
            using MlDsa87PrivateKey managed = MlDsa87PrivateKey.FromSeed(seed, CryptoProviders.Managed);
            key.WritePublicKey(publicKey);
            managed.WritePublicKey(reference);
            Assert.Equal(reference, publicKey);
            key.Sign(message, context, randomness, signature);
            managed.Sign(message, context, randomness, expected);
            if (provider.TakesRandomness)
            {
                Assert.Equal(expected, signature);
            }

            Assert.True(MlDsa87.Verify(publicKey, message, context, signature, CryptoProviders.Managed));
            Assert.True(MlDsa87PublicKey.TryImport(publicKey, provider, out MlDsa87PublicKey? imported));
            using (imported)
            {
                Assert.True(imported!.Verify(message, context, signature));
                Assert.True(MlDsa87.Verify(publicKey, message, context, expected, provider));
                Assert.False(imported.Verify([.. message, 1], context, signature));
                Assert.False(imported.Verify(message, [1, 2, 3, 4, 5, 6, 7, 8, 9], signature));
                Assert.False(imported.Verify(message, new byte[256], signature));
                Assert.False(imported.Verify(message, context, signature.AsSpan(1)));
                signature[i * 500] ^= 0x80;
                Assert.False(imported.Verify(message, context, signature));
                Assert.False(MlDsa87.Verify(publicKey, message, context, signature, provider));
            }

            entropy.Fill(randomness);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void keys_give_their_seed_back_and_refuse_use_after_disposal(string name)
    {
        ICryptoProvider provider = Require(name);
        byte[] kemSeed = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
        byte[] dsaSeed = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        byte[] back = new byte[64];
        MlKem1024PrivateKey kem = MlKem1024PrivateKey.FromSeed(kemSeed, provider);
        kem.ExportSeed(back);
        Assert.Equal(kemSeed, back);
        kem.Dispose();
        Assert.Throws<ObjectDisposedException>(() => kem.ExportSeed(back));
        Assert.Throws<ObjectDisposedException>(() => kem.TryDecapsulate(new byte[MlKem1024.CiphertextSize], back.AsSpan(32)));
        MlDsa87PrivateKey dsa = MlDsa87PrivateKey.FromSeed(dsaSeed, provider);
        dsa.ExportSeed(back.AsSpan(0, 32));
        Assert.Equal(dsaSeed, back[..32]);
        dsa.Dispose();
        Assert.Throws<ObjectDisposedException>(() => dsa.ExportSeed(back.AsSpan(0, 32)));
        Assert.Throws<ObjectDisposedException>(() => dsa.Sign([], [], new byte[32], new byte[MlDsa87.SignatureSize]));
    }

    [Fact]
    public void the_provider_of_a_process_is_chosen_once()
    {
        using (MlKem1024PrivateKey.FromSeed(new byte[MlKem1024.SeedSize]))
        {
            CryptoProviders.Use(CryptoProviders.Current);
            Assert.Throws<InvalidOperationException>(() => CryptoProviders.Use(new BouncyCastleCryptoProvider()));
        }
    }

    [Fact]
    public void every_operation_of_a_process_goes_through_the_chosen_provider() => TestChild.Run(
        ["-method", $"{typeof(ProviderConformanceTests).FullName}.{nameof(operations_reach_the_provider)}"],
        $"{CountingProvider.Variable}=1",
        atLeast: 1);

    /// <summary>In such a child only: a provider that counts was chosen before the first key.</summary>
    [Fact]
    public void operations_reach_the_provider()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(CountingProvider.Variable) is not null, "Runs in a child of every_operation_of_a_process_goes_through_the_chosen_provider.");
        CountingProvider counting = new();
        CryptoProviders.Use(counting);
        SeededEntropy entropy = new(5);
        byte[] hash = new byte[64];
        byte[] mlDsa = new byte[MlDsa87.SignatureSize];
        byte[] ed25519 = new byte[Ed25519.SignatureSize];
        using IdentityKey identity = IdentityKey.Generate(entropy);
        identity.Sign("label"u8, "role"u8, hash, entropy, mlDsa, ed25519);
        Assert.True(identity.Public.Verify("label"u8, "role"u8, hash, mlDsa, ed25519));
        Assert.False(MlDsa87.Verify(identity.Public.MlDsaKey, [], [], mlDsa));
        using MlKem1024PrivateKey kem = MlKem1024PrivateKey.FromSeed(new byte[MlKem1024.SeedSize]);
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        kem.WriteEncapsulationKey(ek);
        Assert.True(MlKem1024.TryEncapsulate(ek, new byte[32], new byte[MlKem1024.CiphertextSize], new byte[32]));
        Assert.Equal(["sign", "import", "verify", "kem", "encapsulate"], counting.Calls);
    }

    [Fact]
    public void rejects_encapsulation_keys_that_fail_the_check_of_the_standard()
    {
        byte[] ek = new byte[MlKem1024.EncapsulationKeySize];
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[32];
        Assert.True(MlKem1024.IsValidEncapsulationKey(ek));
        Assert.False(MlKem1024.IsValidEncapsulationKey(ek.AsSpan(1)));
        Assert.False(MlKem1024.TryEncapsulate(ek.AsSpan(1), secret, ciphertext, secret));
        Assert.False(MlKem1024.TryEncapsulate(new byte[1569], secret, ciphertext, secret));

        // 3329 in the last coefficient: the low byte and the low nibble of the next field.
        ek[1534] = 0x10;
        ek[1535] = 0xD0;
        Assert.False(MlKem1024.IsValidEncapsulationKey(ek));
        Assert.False(MlKem1024.TryEncapsulate(ek, secret, ciphertext, secret));
    }

    [Fact]
    public void rejects_buffers_of_a_wrong_size_as_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => MlKem1024PrivateKey.FromSeed(new byte[63]));
        Assert.Throws<ArgumentException>(() => MlDsa87PrivateKey.FromSeed(new byte[33]));
        using MlDsa87PrivateKey key = MlDsa87PrivateKey.FromSeed(new byte[32]);
        Assert.Throws<ArgumentException>(() => key.Sign([], new byte[256], new byte[32], new byte[MlDsa87.SignatureSize]));
        Assert.Throws<ArgumentException>(() => key.Sign([], [], new byte[31], new byte[MlDsa87.SignatureSize]));
        Assert.Throws<ArgumentException>(() => key.Sign([], [], new byte[32], new byte[MlDsa87.SignatureSize + 1]));
        Assert.False(MlDsa87PublicKey.TryImport(new byte[2591], out _));
    }

    private static ICryptoProvider Require(string name)
    {
        ICryptoProvider provider = name switch
        {
            "managed" => CryptoProviders.Managed,
            "platform" => CryptoProviders.Platform,
            _ => new BouncyCastleCryptoProvider(),
        };
        Assert.SkipUnless(provider.IsSupported, "The platform has no MLKem and MLDsa: OpenSSL 3.5 or Windows 11 brings them.");
        return provider;
    }
}
