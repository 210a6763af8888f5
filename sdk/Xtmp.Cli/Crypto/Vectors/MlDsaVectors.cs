using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>The Wycheproof test types of ML-DSA, for ML-DSA-87.</summary>
internal static class MlDsaVectors
{
    /// <summary>
    /// MlDsaSign: the signature of a message, or of a message representative made outside, deterministic unless
    /// randomness is given; by a private key that is a seed or, where the file has none, in the long form.
    /// </summary>
    public static Verdict Sign(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(file, group))
        {
            return Verdict.NotSupported;
        }

        byte[] randomness = test.HexOrNull("rnd") ?? new byte[MlDsa87.RandomnessSize];
        byte[]? representative = test.HexOrNull("mu");
        byte[] context = test.HexOrEmpty("ctx");
        if (randomness.Length != MlDsa87.RandomnessSize
            || context.Length > MlDsa87.MaxContextSize
            || representative is not null && representative.Length != MlDsaCore.RepresentativeSize
            || !TryReadKey(group, out ManagedMlDsa87PrivateKey? key))
        {
            return Verdict.Rejected;
        }

        using (key)
        {
            byte[] expected = test.Hex("sig");
            byte[] signature = new byte[MlDsa87.SignatureSize];
            if (test.HexOrNull("msg") is byte[] message)
            {
                byte[] made = key!.Represent(message, context);
                if (representative is not null && !made.AsSpan().SequenceEqual(representative))
                {
                    return Verdict.Different;
                }

                if (group.Has("privateSeed") && provider.TakesRandomness)
                {
                    using MlDsa87PrivateKey seeded = MlDsa87PrivateKey.FromSeed(group.Hex("privateSeed"), provider);
                    seeded.Sign(message, context, randomness, signature);
                }
                else
                {
                    key.Sign(message, context, randomness, signature);
                }
            }
            else if (representative is not null)
            {
                key!.SignRepresentative(representative, randomness, signature);
            }
            else
            {
                throw new VectorFormatException($"{test.Place}: neither \"msg\" nor \"mu\" is there");
            }

            return signature.AsSpan().SequenceEqual(expected) ? Verdict.Accepted : Verdict.Different;
        }
    }

    /// <summary>MlDsaVerify.</summary>
    public static Verdict Verify(VectorObject file, VectorObject group, VectorObject test, ICryptoProvider provider)
    {
        if (!IsOurs(file, group))
        {
            return Verdict.NotSupported;
        }

        byte[] publicKey = group.Hex("publicKey");
        byte[] message = test.Hex("msg");
        byte[] context = test.HexOrEmpty("ctx");
        byte[] signature = test.Hex("sig");
        bool oneShot = MlDsa87.Verify(publicKey, message, context, signature, provider);
        bool imported = MlDsa87PublicKey.TryImport(publicKey, provider, out MlDsa87PublicKey? key) && key!.Verify(message, context, signature);
        key?.Dispose();
        return (oneShot, imported) switch
        {
            (true, true) => Verdict.Accepted,
            (false, false) => Verdict.Rejected,
            _ => Verdict.Different,
        };
    }

    private static bool TryReadKey(VectorObject group, out ManagedMlDsa87PrivateKey? key)
    {
        if (!group.Has("privateSeed"))
        {
            return ManagedMlDsa87PrivateKey.TryFromExpanded(group.Hex("privateKey"), out key);
        }

        byte[] seed = group.Hex("privateSeed");
        key = seed.Length == MlDsa87.SeedSize ? ManagedMlDsa87PrivateKey.FromSeed(seed, KeccakBatch.Width) : null;
        if (key is not null && group.HexOrNull("publicKey") is { Length: MlDsa87.PublicKeySize } expected)
        {
            byte[] publicKey = new byte[MlDsa87.PublicKeySize];
            key.WritePublicKey(publicKey);
            if (!publicKey.AsSpan().SequenceEqual(expected))
            {
                throw new VectorFormatException($"{group.Place}: \"publicKey\" is not that of \"privateSeed\", or key generation is broken");
            }
        }

        return key is not null;
    }

    // These files name the parameter set once, as the algorithm.
    private static bool IsOurs(VectorObject file, VectorObject group) =>
        group.TextOr("parameterSet", file.TextOr("algorithm", "")) == "ML-DSA-87";
}
