using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>The deterministic inner algorithms of FIPS 204 section 6 for ML-DSA-87, over keys already expanded.</summary>
[SecretHandling]
internal static class MlDsaCore
{
    public const int MatrixLength = MlDsaField.K * MlDsaField.L * MlDsaField.N;
    public const int SecretLength1 = MlDsaField.L * MlDsaField.N;
    public const int SecretLength2 = MlDsaField.K * MlDsaField.N;

    /// <summary>tr = H(pk).</summary>
    public const int KeyHashSize = 64;

    /// <summary>μ, the message representative.</summary>
    public const int RepresentativeSize = 64;

    /// <summary>c̃, λ/4 bytes.</summary>
    public const int CommitmentSize = 64;

    private const int SeedSize = 32;
    private const int MaskSeedSize = 64;
    private const int EncodedW1Size = MlDsaField.K * MlDsaPacking.BytesW1;
    private const int HintOffset = CommitmentSize + (MlDsaField.L * MlDsaPacking.BytesZ);

    /// <summary>ML-DSA.KeyGen_internal, FIPS 204 algorithm 6, leaving everything expanded and transformed.</summary>
    /// <param name="seed">ξ, 32 bytes.</param>
    /// <param name="matrix">Â.</param>
    /// <param name="secret1">NTT(s₁), |c| &lt; q.</param>
    /// <param name="secret2">NTT(s₂), |c| &lt; q.</param>
    /// <param name="low">NTT(t₀), |c| &lt; q.</param>
    /// <param name="signingSeed">K, 32 bytes.</param>
    /// <param name="publicKey">2592 bytes.</param>
    /// <param name="expanded">Where not empty, receives the private key as FIPS 204 algorithm 24 lays it out, without tr.</param>
    [SkipLocalsInit]
    public static void GenerateKey(ReadOnlySpan<byte> seed, Span<int> matrix, Span<int> secret1, Span<int> secret2, Span<int> low, Span<byte> signingSeed, Span<byte> publicKey, Span<byte> expanded, int width)
    {
        Span<byte> input = stackalloc byte[SeedSize + 2];
        Span<byte> seeds = stackalloc byte[SeedSize + 64 + SeedSize];
        Span<int> secrets = stackalloc int[SecretLength1 + SecretLength2];
        Span<int> t = stackalloc int[MlDsaField.N];
        seed.CopyTo(input);
        input[SeedSize] = MlDsaField.K;
        input[SeedSize + 1] = MlDsaField.L;
        Shake256.Hash(input, seeds);
        ReadOnlySpan<byte> rho = seeds[..SeedSize];
        seeds[(SeedSize + 64)..].CopyTo(signingSeed);

        MlDsaSampling.ExpandMatrix(rho, matrix, width);
        MlDsaSampling.ExpandSecret(seeds.Slice(SeedSize, 64), secrets, width);
        secrets[..SecretLength1].CopyTo(secret1);
        secrets[SecretLength1..].CopyTo(secret2);
        Transform(secret1);
        rho.CopyTo(publicKey);
        for (int i = 0; i < MlDsaField.K; i++)
        {
            Span<int> t0 = low.Slice(i * MlDsaField.N, MlDsaField.N);
            MlDsaNtt.DotProduct(t, matrix[(i * SecretLength1)..], secret1);
            MlDsaNtt.Inverse(t);
            MlDsaRounding.AddReduced(t, secret2[(i * MlDsaField.N)..]);
            MlDsaRounding.Power2Round(t, t0);
            MlDsaPacking.EncodeT1(t, publicKey[(SeedSize + (i * MlDsaPacking.BytesT1))..]);
        }

        if (!expanded.IsEmpty)
        {
            MlDsaExpandedKey.Encode(rho, signingSeed, secrets, low, expanded);
        }

        Transform(secret2);
        Transform(low);
        CryptographicOperations.ZeroMemory(input);
        CryptographicOperations.ZeroMemory(seeds);
        Zero(secrets);
        Zero(t);
    }

    /// <summary>μ = H(tr ‖ M′) with M′ = 0 ‖ |ctx| ‖ ctx ‖ M, FIPS 204 algorithms 2 and 7; ctx of at most 255 bytes.</summary>
    public static void Represent(ReadOnlySpan<byte> keyHash, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, Span<byte> representative)
    {
        Span<byte> header = [0, (byte)context.Length];
        KeccakSponge sponge = KeccakSponge.Shake256();
        sponge.Absorb(keyHash);
        sponge.Absorb(header);
        sponge.Absorb(context);
        sponge.Absorb(message);
        sponge.Squeeze(representative);
        sponge.Reset();
    }

    /// <summary>
    /// ML-DSA.Sign_internal, FIPS 204 algorithm 7, from the message representative on.
    /// </summary>
    /// <remarks>
    /// The loop's count and the reason for each rejection show in time. That is what FIPS 204 permits: whether a
    /// candidate is rejected does not depend on the private key, as the Dilithium specification argues for its
    /// constant-time remarks, and nothing of a rejected candidate leaves this method. Each check reads the whole
    /// polynomials before it decides. Appendix C lets an implementation bound the loop at 814 iterations, which a
    /// correct key exceeds with probability 2⁻²⁵⁶; the bound turns a corrupted key into an error rather than a hang.
    /// </remarks>
    [SkipLocalsInit]
    public static void Sign(ReadOnlySpan<int> matrix, ReadOnlySpan<int> secret1, ReadOnlySpan<int> secret2, ReadOnlySpan<int> low, ReadOnlySpan<byte> signingSeed, ReadOnlySpan<byte> representative, ReadOnlySpan<byte> randomness, Span<byte> signature, int width)
    {
        const int maximumAttempts = 814;
        Span<byte> maskSeed = stackalloc byte[MaskSeedSize];
        Span<int> y = stackalloc int[SecretLength1];
        Span<int> z = stackalloc int[SecretLength1];
        Span<int> w0 = stackalloc int[SecretLength2];
        Span<int> w1 = stackalloc int[SecretLength2];
        Span<int> challenge = stackalloc int[MlDsaField.N];
        Span<int> product = stackalloc int[MlDsaField.N];
        Span<byte> encoded = stackalloc byte[EncodedW1Size];
        KeccakSponge sponge = KeccakSponge.Shake256();
        sponge.Absorb(signingSeed);
        sponge.Absorb(randomness);
        sponge.Absorb(representative);
        sponge.Squeeze(maskSeed);
        sponge.Reset();

        bool done = false;
        for (int attempt = 0; !done; attempt++)
        {
            if (attempt == maximumAttempts)
            {
                throw new CryptographicException("No ML-DSA signature was found in 814 attempts: the private key is corrupt.");
            }

            MlDsaSampling.ExpandMask(maskSeed, attempt * MlDsaField.L, y, width);
            y.CopyTo(z);
            Transform(z);
            for (int i = 0; i < MlDsaField.K; i++)
            {
                Span<int> w = w0.Slice(i * MlDsaField.N, MlDsaField.N);
                Span<int> high = w1.Slice(i * MlDsaField.N, MlDsaField.N);
                MlDsaNtt.DotProduct(w, matrix[(i * SecretLength1)..], z);
                MlDsaNtt.Inverse(w);
                MlDsaRounding.Decompose(w, high);
                MlDsaPacking.EncodeW1(high, encoded.Slice(i * MlDsaPacking.BytesW1, MlDsaPacking.BytesW1));
            }

            sponge.Absorb(representative);
            sponge.Absorb(encoded);
            sponge.Squeeze(signature[..CommitmentSize]);
            sponge.Reset();
            MlDsaSampling.SampleInBall(signature[..CommitmentSize], challenge);
            MlDsaNtt.Forward(challenge);
            done = TryRespond(challenge, y, secret1, product, signature)
                && TryReduceLow(challenge, w0, secret2, product)
                && TryHint(challenge, w0, w1, low, product, signature[HintOffset..]);
        }

        CryptographicOperations.ZeroMemory(maskSeed);
        Zero(y);
        Zero(z);
        Zero(w0);
        Zero(w1);
        Zero(product);
        CryptographicOperations.ZeroMemory(encoded);
    }

    /// <summary>ML-DSA.Verify_internal, FIPS 204 algorithm 8, from the message representative on.</summary>
    /// <param name="high">NTT(t₁ · 2^d), |c| &lt; 9q.</param>
    [PublicData("Verification sees public data only.")]
    [SkipLocalsInit]
    public static bool Verify(ReadOnlySpan<int> matrix, ReadOnlySpan<int> high, ReadOnlySpan<byte> representative, ReadOnlySpan<byte> signature)
    {
        Span<int> hints = stackalloc int[SecretLength2];
        if (!MlDsaPacking.DecodeHint(signature[HintOffset..], hints))
        {
            return false;
        }

        Span<int> z = stackalloc int[SecretLength1];
        for (int i = 0; i < MlDsaField.L; i++)
        {
            Span<int> polynomial = z.Slice(i * MlDsaField.N, MlDsaField.N);
            MlDsaPacking.DecodeZ(signature.Slice(CommitmentSize + (i * MlDsaPacking.BytesZ), MlDsaPacking.BytesZ), polynomial);
            if (MlDsaRounding.ExceedsNorm(polynomial, MlDsaField.Gamma1 - MlDsaField.Beta))
            {
                return false;
            }
        }

        Transform(z);
        Span<int> challenge = stackalloc int[MlDsaField.N];
        Span<int> product = stackalloc int[MlDsaField.N];
        Span<int> w = stackalloc int[MlDsaField.N];
        Span<byte> encoded = stackalloc byte[EncodedW1Size];
        MlDsaSampling.SampleInBall(signature[..CommitmentSize], challenge);
        MlDsaNtt.Forward(challenge);
        for (int i = 0; i < MlDsaField.K; i++)
        {
            MlDsaNtt.DotProduct(w, matrix[(i * SecretLength1)..], z);
            MlDsaNtt.Product(product, challenge, high.Slice(i * MlDsaField.N, MlDsaField.N));
            MlDsaRounding.SubtractReduced(w, product);
            MlDsaNtt.Inverse(w);
            MlDsaRounding.UseHint(w, hints.Slice(i * MlDsaField.N, MlDsaField.N));
            MlDsaPacking.EncodeW1(w, encoded.Slice(i * MlDsaPacking.BytesW1, MlDsaPacking.BytesW1));
        }

        Span<byte> commitment = stackalloc byte[CommitmentSize];
        KeccakSponge sponge = KeccakSponge.Shake256();
        sponge.Absorb(representative);
        sponge.Absorb(encoded);
        sponge.Squeeze(commitment);
        return commitment.SequenceEqual(signature[..CommitmentSize]);
    }

    /// <summary>NTT of each polynomial of a vector, in place.</summary>
    public static void Transform(Span<int> vector)
    {
        for (int i = 0; i < vector.Length; i += MlDsaField.N)
        {
            MlDsaNtt.Forward(vector.Slice(i, MlDsaField.N));
        }
    }

    // Line 18 and the first half of line 23 of algorithm 7: z = y + c·s₁, refused at ‖z‖∞ ≥ γ₁ − β.
    private static bool TryRespond(ReadOnlySpan<int> challenge, ReadOnlySpan<int> y, ReadOnlySpan<int> secret1, Span<int> product, Span<byte> signature)
    {
        for (int i = 0; i < MlDsaField.L; i++)
        {
            MlDsaNtt.Product(product, challenge, secret1[(i * MlDsaField.N)..]);
            MlDsaNtt.Inverse(product);
            MlDsaRounding.AddReduced(product, y[(i * MlDsaField.N)..]);
            if (MlDsaRounding.ExceedsNorm(product, MlDsaField.Gamma1 - MlDsaField.Beta))
            {
                return false;
            }

            MlDsaPacking.EncodeZ(product, signature.Slice(CommitmentSize + (i * MlDsaPacking.BytesZ), MlDsaPacking.BytesZ));
        }

        return true;
    }

    // The second half of line 23: r₀ = LowBits(w − c·s₂), refused at ‖r₀‖∞ ≥ γ₂ − β. The low part of w less c·s₂ is r₀
    // whenever it passes the check, since |c·s₂| ≤ β keeps it from crossing into the next high part.
    private static bool TryReduceLow(ReadOnlySpan<int> challenge, Span<int> w0, ReadOnlySpan<int> secret2, Span<int> product)
    {
        for (int i = 0; i < MlDsaField.K; i++)
        {
            Span<int> r0 = w0.Slice(i * MlDsaField.N, MlDsaField.N);
            MlDsaNtt.Product(product, challenge, secret2[(i * MlDsaField.N)..]);
            MlDsaNtt.Inverse(product);
            MlDsaRounding.SubtractReduced(r0, product);
            if (MlDsaRounding.ExceedsNorm(r0, MlDsaField.Gamma2 - MlDsaField.Beta))
            {
                return false;
            }
        }

        return true;
    }

    // Lines 25 to 28: the hint, refused at ‖c·t₀‖∞ ≥ γ₂ or more than ω ones.
    private static bool TryHint(ReadOnlySpan<int> challenge, Span<int> r0, ReadOnlySpan<int> w1, ReadOnlySpan<int> low, Span<int> product, Span<byte> encodedHint)
    {
        encodedHint.Clear();
        int index = 0;
        for (int i = 0; i < MlDsaField.K; i++)
        {
            Span<int> part = r0.Slice(i * MlDsaField.N, MlDsaField.N);
            MlDsaNtt.Product(product, challenge, low[(i * MlDsaField.N)..]);
            MlDsaNtt.Inverse(product);
            MlDsaRounding.Centre(product);
            if (MlDsaRounding.ExceedsNorm(product, MlDsaField.Gamma2))
            {
                return false;
            }

            MlDsaRounding.AddReduced(part, product);
            int ones = MlDsaRounding.MakeHint(product, part, w1[(i * MlDsaField.N)..]);
            if (index + ones > MlDsaField.Omega)
            {
                return false;
            }

            index = MlDsaPacking.EncodeHint(product, encodedHint, index);
            encodedHint[MlDsaField.Omega + i] = (byte)index;
        }

        return true;
    }

    private static void Zero(Span<int> secret) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secret));
}
