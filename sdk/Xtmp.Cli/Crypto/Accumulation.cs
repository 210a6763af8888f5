using Xtmp.Crypto;

namespace Xtmp.Cli.Crypto;

/// <summary>
/// The accumulated test vectors of C2SP/CCTV: a deterministic stream of inputs goes in, one hash over all outputs comes
/// out, so that ten thousand known answers need no data file.
/// </summary>
public static class Accumulation
{
    /// <summary>Bytes of the accumulated hash.</summary>
    public const int HashSize = 32;

    /// <summary>
    /// One SHAKE128 with empty input gives in turn d, z, m and a random ciphertext; another absorbs ek, dk, ct, k, and
    /// the k of the random ciphertext.
    /// </summary>
    /// <param name="runs">How many.</param>
    /// <param name="final">
    /// The published hashes were made before FIPS 203 was final and derive (ρ, σ) as G(d). The final standard's G(d ‖ k)
    /// gives other hashes over the same inputs; true asks for those.
    /// </param>
    public static byte[] MlKem1024Runs(int runs, bool final)
    {
        using Shake128 source = new();
        using Shake128 sink = new();
        byte[] d = new byte[32];
        byte[] z = new byte[32];
        byte[] seeds = new byte[64];
        byte[] message = new byte[MlKem1024.EncapsulationRandomnessSize];
        byte[] randomCiphertext = new byte[MlKem1024.CiphertextSize];
        byte[] encapsulationKey = new byte[MlKem1024.EncapsulationKeySize];
        byte[] decapsulationKey = new byte[MlKemCore.ExpandedDecapsulationKeySize];
        byte[] ciphertext = new byte[MlKem1024.CiphertextSize];
        byte[] secret = new byte[MlKem1024.SharedSecretSize];
        byte[] decapsulated = new byte[MlKem1024.SharedSecretSize];
        for (int run = 0; run < runs; run++)
        {
            source.Squeeze(d);
            source.Squeeze(z);
            source.Squeeze(message);
            source.Squeeze(randomCiphertext);
            if (final)
            {
                MlKemCore.DeriveSeeds(d, seeds);
            }
            else
            {
                Sha3.Hash512(d, seeds);
            }

            using ManagedMlKem1024Key key = ManagedMlKem1024Key.FromDerivedSeeds(seeds, z, KeccakBatch.Width);
            key.ExportExpanded(decapsulationKey);
            key.WriteEncapsulationKey(encapsulationKey);
            bool encapsulated = MlKem1024.TryEncapsulate(encapsulationKey, message, ciphertext, secret, CryptoProviders.Managed);
            key.Decapsulate(ciphertext, decapsulated);
            if (!encapsulated || !secret.AsSpan().SequenceEqual(decapsulated))
            {
                throw new InvalidOperationException($"Run {run}: encapsulation and decapsulation disagree.");
            }

            key.Decapsulate(randomCiphertext, decapsulated);

            sink.Absorb(encapsulationKey);
            sink.Absorb(decapsulationKey);
            sink.Absorb(ciphertext);
            sink.Absorb(secret);
            sink.Absorb(decapsulated);
        }

        return Finish(sink);
    }

    /// <summary>
    /// A SHAKE128 stream gives 32-byte seeds; the sink absorbs the public key and the deterministic signature of the
    /// empty message with the empty context.
    /// </summary>
    public static byte[] MlDsa87Runs(int runs, ICryptoProvider provider)
    {
        using Shake128 source = new();
        using Shake128 sink = new();
        byte[] seed = new byte[MlDsa87.SeedSize];
        byte[] publicKey = new byte[MlDsa87.PublicKeySize];
        byte[] signature = new byte[MlDsa87.SignatureSize];
        byte[] deterministic = new byte[MlDsa87.RandomnessSize];
        for (int run = 0; run < runs; run++)
        {
            source.Squeeze(seed);
            using MlDsa87PrivateKey key = MlDsa87PrivateKey.FromSeed(seed, provider);
            key.WritePublicKey(publicKey);
            key.Sign([], [], deterministic, signature);
            if (!MlDsa87.Verify(publicKey, [], [], signature))
            {
                throw new InvalidOperationException($"Run {run}: a fresh signature does not verify.");
            }

            sink.Absorb(publicKey);
            sink.Absorb(signature);
        }

        return Finish(sink);
    }

    private static byte[] Finish(Shake128 sink)
    {
        byte[] hash = new byte[HashSize];
        sink.Squeeze(hash);
        return hash;
    }
}
