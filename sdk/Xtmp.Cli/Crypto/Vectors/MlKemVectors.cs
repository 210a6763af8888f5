using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>The Wycheproof test types of ML-KEM, for ML-KEM-1024.</summary>
internal static class MlKemVectors
{
    /// <summary>MLKEMTest: seed and ciphertext give the shared secret.</summary>
    public static Verdict Decapsulation(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(group))
        {
            return Verdict.NotSupported;
        }

        byte[] seed = test.Hex("seed");
        if (seed.Length != MlKem1024.SeedSize)
        {
            return Verdict.Rejected;
        }

        using MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(seed, provider);
        byte[] secret = new byte[MlKem1024.SharedSecretSize];
        if (!key.TryDecapsulate(test.Hex("c"), secret))
        {
            return Verdict.Rejected;
        }

        byte[] encapsulationKey = new byte[MlKem1024.EncapsulationKeySize];
        key.WriteEncapsulationKey(encapsulationKey);
        byte[] expectedKey = test.HexOrNull("ek") ?? encapsulationKey;
        return Same(encapsulationKey, expectedKey) && Same(secret, test.Hex("K")) ? Verdict.Accepted : Verdict.Different;
    }

    /// <summary>MLKEMEncapsTest: key and randomness give ciphertext and shared secret.</summary>
    public static Verdict Encapsulation(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(group) || !provider.TakesRandomness)
        {
            return Verdict.NotSupported;
        }

        byte[] message = test.Hex("m");
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[MlKem1024.SharedSecretSize];
        if (message.Length != MlKem1024.EncapsulationRandomnessSize
            || !MlKem1024.TryEncapsulate(test.Hex("ek"), message, ciphertext, secret, provider))
        {
            return Verdict.Rejected;
        }

        return Same(ciphertext, test.HexOrEmpty("c")) && Same(secret, test.HexOrEmpty("K")) ? Verdict.Accepted : Verdict.Different;
    }

    /// <summary>MLKEMKeyGen: the seed gives both keys, the private one in its long form.</summary>
    public static Verdict KeyGeneration(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(group))
        {
            return Verdict.NotSupported;
        }

        byte[] seed = test.Hex("seed");
        if (seed.Length != MlKem1024.SeedSize)
        {
            return Verdict.Rejected;
        }

        byte[] encapsulationKey = new byte[MlKem1024.EncapsulationKeySize];
        byte[] decapsulationKey = new byte[MlKemCore.ExpandedDecapsulationKeySize];
        using MlKem1024PrivateKey key = MlKem1024PrivateKey.FromSeed(seed, provider);
        key.WriteEncapsulationKey(encapsulationKey);
        using (ManagedMlKem1024Key managed = ManagedMlKem1024Key.FromSeed(seed, KeccakBatch.Width))
        {
            managed.ExportExpanded(decapsulationKey);
        }

        byte[] expected = test.HexOrNull("dk") ?? decapsulationKey;
        return Same(encapsulationKey, test.Hex("ek")) && Same(decapsulationKey, expected) ? Verdict.Accepted : Verdict.Different;
    }

    /// <summary>MLKEMDecapsValidationTest: a private key in its long form, to be checked before use.</summary>
    public static Verdict ExpandedDecapsulation(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(group))
        {
            return Verdict.NotSupported;
        }

        if (!ManagedMlKem1024Key.TryFromExpanded(test.Hex("dk"), out ManagedMlKem1024Key? key))
        {
            return Verdict.Rejected;
        }

        using (key)
        {
            byte[] secret = new byte[MlKem1024.SharedSecretSize];
            byte[] ciphertext = test.Hex("c");
            if (ciphertext.Length != MlKem1024.CiphertextSize)
            {
                return Verdict.Rejected;
            }

            key!.Decapsulate(ciphertext, secret);
            return test.HexOrNull("K") is byte[] expected && !Same(secret, expected) ? Verdict.Different : Verdict.Accepted;
        }
    }

    private static bool IsOurs(VectorObject group) => group.TextOr("parameterSet", "ML-KEM-1024") == "ML-KEM-1024";

    private static bool Same(byte[] actual, byte[] expected) => actual.AsSpan().SequenceEqual(expected);
}
