using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// K-PKE of FIPS 203 section 5 and the deterministic inner algorithms of section 6 for ML-KEM-1024 (k = 4, η₁ = η₂ = 2,
/// du = 11, dv = 5), over keys already expanded.
/// </summary>
[SecretHandling]
internal static class MlKemCore
{
    public const int VectorLength = MlKemField.K * MlKemField.N;
    public const int MatrixLength = MlKemField.K * VectorLength;

    /// <summary>ŝ in its 12-bit encoding.</summary>
    public const int SecretVectorSize = MlKemField.K * MlKemPacking.Bytes12;

    /// <summary>dk as FIPS 203 lays it out: ŝ ‖ ek ‖ H(ek) ‖ z.</summary>
    public const int ExpandedDecapsulationKeySize = SecretVectorSize + MlKem1024.EncapsulationKeySize + 64;

    private const int SymbolSize = 32;
    private const int CompressedVectorSize = MlKemField.K * MlKemPacking.Bytes11;

    /// <summary>Line 1 of FIPS 203 algorithm 13: (ρ, σ) ← G(d ‖ k).</summary>
    /// <param name="d">32 bytes.</param>
    /// <param name="seeds">Receives ρ ‖ σ, 64 bytes.</param>
    public static void DeriveSeeds(ReadOnlySpan<byte> d, Span<byte> seeds)
    {
        KeccakSponge sponge = Sha3.Sponge(Sha3.Size512);
        sponge.Absorb(d);
        sponge.Absorb([(byte)MlKemField.K]);
        sponge.Squeeze(seeds);
        sponge.Reset();
    }

    /// <summary>K-PKE.KeyGen, FIPS 203 algorithm 13 from line 2 on, leaving everything expanded.</summary>
    /// <param name="seeds">ρ ‖ σ, 64 bytes.</param>
    /// <param name="matrix">Â, row-major.</param>
    /// <param name="secret">ŝ, in [−q/2, q/2].</param>
    /// <param name="publicVector">t̂, in [−q/2, q/2].</param>
    /// <param name="encapsulationKey">1568 bytes.</param>
    [SkipLocalsInit]
    public static void GenerateKey(ReadOnlySpan<byte> seeds, Span<short> matrix, Span<short> secret, Span<short> publicVector, Span<byte> encapsulationKey, int width)
    {
        Span<short> noise = stackalloc short[2 * VectorLength];
        Span<short> prepared = stackalloc short[VectorLength];
        ReadOnlySpan<byte> rho = seeds[..SymbolSize];

        MlKemSampling.ExpandMatrix(rho, matrix, width);
        MlKemSampling.Noise(seeds[SymbolSize..], 0, noise, 2 * MlKemField.K, width);
        for (int i = 0; i < 2 * VectorLength; i += MlKemField.N)
        {
            MlKemNtt.Forward(noise.Slice(i, MlKemField.N));
        }

        noise[..VectorLength].CopyTo(secret);
        PrepareVector(secret, prepared);
        for (int i = 0; i < MlKemField.K; i++)
        {
            Span<short> row = publicVector.Slice(i * MlKemField.N, MlKemField.N);
            MlKemNtt.DotProduct(row, matrix[(i * VectorLength)..], MlKemField.N, secret, prepared);
            MlKemNtt.ToPlainAndAdd(row, noise[(VectorLength + (i * MlKemField.N))..]);
            MlKemPacking.Encode12(row, encapsulationKey[(i * MlKemPacking.Bytes12)..]);
        }

        rho.CopyTo(encapsulationKey[SecretVectorSize..]);
        Zero(noise);
        Zero(prepared);
    }

    /// <summary>K-PKE.Encrypt, FIPS 203 algorithm 14.</summary>
    [SkipLocalsInit]
    public static void Encrypt(ReadOnlySpan<short> matrix, ReadOnlySpan<short> publicVector, ReadOnlySpan<byte> message, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, int width)
    {
        Span<short> noise = stackalloc short[(2 * VectorLength) + MlKemField.N];
        Span<short> prepared = stackalloc short[VectorLength];
        Span<short> result = stackalloc short[MlKemField.N];
        Span<short> messagePolynomial = stackalloc short[MlKemField.N];
        MlKemSampling.Noise(randomness, 0, noise, (2 * MlKemField.K) + 1, width);
        Span<short> y = noise[..VectorLength];
        for (int i = 0; i < MlKemField.K; i++)
        {
            MlKemNtt.Forward(y.Slice(i * MlKemField.N, MlKemField.N));
        }

        PrepareVector(y, prepared);
        for (int i = 0; i < MlKemField.K; i++)
        {
            // The transpose: column i of Â.
            MlKemNtt.DotProduct(result, matrix[(i * MlKemField.N)..], VectorLength, y, prepared);
            MlKemNtt.Inverse(result);
            MlKemNtt.AddReduced(result, noise[(VectorLength + (i * MlKemField.N))..]);
            MlKemPacking.CompressEncode11(result, ciphertext.Slice(i * MlKemPacking.Bytes11, MlKemPacking.Bytes11));
        }

        MlKemNtt.DotProduct(result, publicVector, MlKemField.N, y, prepared);
        MlKemNtt.Inverse(result);
        MlKemNtt.AddReduced(result, noise[(2 * VectorLength)..]);
        MlKemPacking.DecodeMessage(message, messagePolynomial);
        MlKemNtt.AddReduced(result, messagePolynomial);
        MlKemPacking.CompressEncode5(result, ciphertext.Slice(CompressedVectorSize, MlKemPacking.Bytes5));
        Zero(noise);
        Zero(prepared);
        Zero(result);
        Zero(messagePolynomial);
    }

    /// <summary>K-PKE.Decrypt, FIPS 203 algorithm 15.</summary>
    [SkipLocalsInit]
    public static void Decrypt(ReadOnlySpan<short> secret, ReadOnlySpan<byte> ciphertext, Span<byte> message)
    {
        Span<short> u = stackalloc short[VectorLength];
        Span<short> prepared = stackalloc short[VectorLength];
        Span<short> v = stackalloc short[MlKemField.N];
        Span<short> product = stackalloc short[MlKemField.N];
        for (int i = 0; i < MlKemField.K; i++)
        {
            Span<short> polynomial = u.Slice(i * MlKemField.N, MlKemField.N);
            MlKemPacking.DecodeDecompress11(ciphertext.Slice(i * MlKemPacking.Bytes11, MlKemPacking.Bytes11), polynomial);
            MlKemNtt.Forward(polynomial);
        }

        PrepareVector(u, prepared);
        MlKemNtt.DotProduct(product, secret, MlKemField.N, u, prepared);
        MlKemNtt.Inverse(product);
        MlKemPacking.DecodeDecompress5(ciphertext.Slice(CompressedVectorSize, MlKemPacking.Bytes5), v);
        MlKemNtt.SubtractReduced(v, product);
        MlKemPacking.EncodeMessage(v, message);
        Zero(product);
        Zero(v);
    }

    /// <summary>ML-KEM.Encaps_internal, FIPS 203 algorithm 17, for a key that passed the modulus check.</summary>
    [SkipLocalsInit]
    public static void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> message, Span<byte> ciphertext, Span<byte> sharedSecret, int width)
    {
        Span<short> publicVector = stackalloc short[VectorLength];
        Span<short> matrix = stackalloc short[MatrixLength];
        Span<byte> keyHash = stackalloc byte[Sha3.Size256];
        MlKem1024.TryDecodeVector(encapsulationKey, publicVector);
        MlKemSampling.ExpandMatrix(encapsulationKey[SecretVectorSize..], matrix, width);
        Sha3.Hash256(encapsulationKey, keyHash);
        Encapsulate(matrix, publicVector, keyHash, message, ciphertext, sharedSecret, width);
    }

    /// <summary>The same with Â, t̂ and H(ek) given.</summary>
    [SkipLocalsInit]
    public static void Encapsulate(ReadOnlySpan<short> matrix, ReadOnlySpan<short> publicVector, ReadOnlySpan<byte> keyHash, ReadOnlySpan<byte> message, Span<byte> ciphertext, Span<byte> sharedSecret, int width)
    {
        Span<byte> keyAndRandomness = stackalloc byte[2 * SymbolSize];
        DeriveKey(message, keyHash, keyAndRandomness);
        Encrypt(matrix, publicVector, message, keyAndRandomness[SymbolSize..], ciphertext, width);
        keyAndRandomness[..SymbolSize].CopyTo(sharedSecret);
        CryptographicOperations.ZeroMemory(keyAndRandomness);
    }

    /// <summary>
    /// ML-KEM.Decaps_internal, FIPS 203 algorithm 18: implicit rejection, chosen by mask and never by branch.
    /// </summary>
    [SkipLocalsInit]
    public static void Decapsulate(ReadOnlySpan<short> matrix, ReadOnlySpan<short> publicVector, ReadOnlySpan<short> secret, ReadOnlySpan<byte> keyHash, ReadOnlySpan<byte> z, ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret, int width)
    {
        Span<byte> message = stackalloc byte[SymbolSize];
        Span<byte> keyAndRandomness = stackalloc byte[2 * SymbolSize];
        Span<byte> rejected = stackalloc byte[SymbolSize];
        Span<byte> again = stackalloc byte[MlKem1024.CiphertextSize];
        Decrypt(secret, ciphertext, message);
        DeriveKey(message, keyHash, keyAndRandomness);

        KeccakSponge sponge = KeccakSponge.Shake256();
        sponge.Absorb(z);
        sponge.Absorb(ciphertext);
        sponge.Squeeze(rejected);
        sponge.Reset();

        Encrypt(matrix, publicVector, message, keyAndRandomness[SymbolSize..], again, width);
        int equal = CryptographicOperations.FixedTimeEquals(ciphertext, again) ? 1 : 0;
        Select(equal, keyAndRandomness, rejected, sharedSecret);
        CryptographicOperations.ZeroMemory(message);
        CryptographicOperations.ZeroMemory(keyAndRandomness);
        CryptographicOperations.ZeroMemory(rejected);
        CryptographicOperations.ZeroMemory(again);
    }

    /// <summary>The pairs that products with each polynomial of a vector need.</summary>
    public static void PrepareVector(ReadOnlySpan<short> vector, Span<short> prepared)
    {
        for (int i = 0; i < VectorLength; i += MlKemField.N)
        {
            MlKemNtt.Prepare(vector.Slice(i, MlKemField.N), prepared.Slice(i, MlKemField.N));
        }
    }

    /// <summary>destination ← choice = 1 ? whenOne : whenZero, without a branch.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Select(int choice, ReadOnlySpan<byte> whenOne, ReadOnlySpan<byte> whenZero, Span<byte> destination)
    {
        int mask = -choice;
        for (int i = 0; i < SymbolSize; i++)
        {
            destination[i] = (byte)(whenZero[i] ^ (mask & (whenOne[i] ^ whenZero[i])));
        }
    }

    /// <summary>(K, r) ← G(m ‖ H(ek)).</summary>
    private static void DeriveKey(ReadOnlySpan<byte> message, ReadOnlySpan<byte> keyHash, Span<byte> keyAndRandomness)
    {
        KeccakSponge sponge = Sha3.Sponge(Sha3.Size512);
        sponge.Absorb(message);
        sponge.Absorb(keyHash);
        sponge.Squeeze(keyAndRandomness);
        sponge.Reset();
    }

    private static void Zero(Span<short> secret) => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secret));
}
