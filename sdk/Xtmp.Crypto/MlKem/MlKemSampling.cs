using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>The samplers of FIPS 203 section 4.2.2, several at a time.</summary>
[SecretHandling]
internal static partial class MlKemSampling
{
    /// <summary>Blocks of SHAKE128 that nearly always give 256 coefficients: 3 · 112 candidates of which 81 % are kept.</summary>
    private const int FirstBlocks = 3;

    /// <summary>Bytes of output that CBD with η = 2 consumes, 64·η.</summary>
    public const int NoiseBytes = 128;

    /// <summary>Â of FIPS 203 algorithm 13 lines 3 to 7: row-major, 16 polynomials, coefficients in [0, q).</summary>
    [PublicData("The matrix is a function of the public seed ρ.")]
    [SkipLocalsInit]
    public static void ExpandMatrix(ReadOnlySpan<byte> rho, Span<short> matrix, int width)
    {
        const int rate = KeccakSponge.Shake128Rate;
        const int stride = rate * FirstBlocks;
        const int polynomials = MlKemField.K * MlKemField.K;
        Span<ulong> state = stackalloc ulong[KeccakBatch.StateWords];
        Span<byte> buffer = stackalloc byte[KeccakBatch.MaxWidth * stride];
        Span<ushort> nonces = stackalloc ushort[KeccakBatch.MaxWidth];
        Span<int> filled = stackalloc int[KeccakBatch.MaxWidth];
        for (int first = 0; first < polynomials; first += width)
        {
            for (int i = 0; i < width; i++)
            {
                // The entry of row i and column j is drawn from ρ ‖ j ‖ i.
                int index = first + i;
                nonces[i] = (ushort)((index & 3) | ((index >> 2) << 8));
            }

            KeccakBatch.Start(state, width, rho, nonces, 2, rate);
            for (int block = 0; block < FirstBlocks; block++)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer[(block * rate)..], stride);
            }

            bool complete = true;
            for (int i = 0; i < width; i++)
            {
                Span<short> polynomial = matrix.Slice((first + i) * MlKemField.N, MlKemField.N);
                filled[i] = SampleNtt(polynomial, 0, buffer.Slice(i * stride, stride));
                complete &= filled[i] == MlKemField.N;
            }

            while (!complete)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer, stride);
                complete = true;
                for (int i = 0; i < width; i++)
                {
                    Span<short> polynomial = matrix.Slice((first + i) * MlKemField.N, MlKemField.N);
                    filled[i] = SampleNtt(polynomial, filled[i], buffer.Slice(i * stride, rate));
                    complete &= filled[i] == MlKemField.N;
                }
            }
        }
    }

    /// <summary>
    /// SampleNTT, FIPS 203 algorithm 7, over the bytes at hand: 12-bit candidates below q are appended.
    /// </summary>
    /// <returns>How many coefficients are filled now; 256 when done.</returns>
    [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
    public static int SampleNtt(Span<short> polynomial, int filled, ReadOnlySpan<byte> bytes) =>
        Avx512Vbmi2.IsSupported ? Vector.SampleNttVbmi2(polynomial, filled, bytes)
        : Avx2.IsSupported && Bmi2.X64.IsSupported ? Vector.SampleNttAvx2(polynomial, filled, bytes)
        : SampleNttScalar(polynomial, filled, bytes);

    /// <summary><see cref="SampleNtt"/> one candidate at a time.</summary>
    [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int SampleNttScalar(Span<short> polynomial, int filled, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i + 3 <= bytes.Length && filled < MlKemField.N; i += 3)
        {
            int d1 = bytes[i] | ((bytes[i + 1] & 0x0F) << 8);
            int d2 = (bytes[i + 1] >> 4) | (bytes[i + 2] << 4);
            if (d1 < MlKemField.Q)
            {
                polynomial[filled++] = (short)d1;
            }

            if (d2 < MlKemField.Q && filled < MlKemField.N)
            {
                polynomial[filled++] = (short)d2;
            }
        }

        return filled;
    }

    /// <summary>
    /// count polynomials from PRF₂(seed, nonce), PRF₂(seed, nonce + 1), … by the centred binomial distribution.
    /// </summary>
    [SkipLocalsInit]
    public static void Noise(ReadOnlySpan<byte> seed, int nonce, Span<short> polynomials, int count, int width)
    {
        Span<ulong> state = stackalloc ulong[KeccakBatch.StateWords];
        Span<byte> buffer = stackalloc byte[KeccakBatch.MaxWidth * KeccakSponge.Shake256Rate];
        Span<ushort> nonces = stackalloc ushort[KeccakBatch.MaxWidth];
        for (int first = 0; first < count; first += width)
        {
            // One polynomial left over is cheaper alone than in a batch whose other lanes are thrown away.
            int w = count - first == 1 ? 1 : width;
            for (int i = 0; i < w; i++)
            {
                nonces[i] = (ushort)(nonce + first + i);
            }

            KeccakBatch.Start(state, w, seed, nonces, 1, KeccakSponge.Shake256Rate);
            KeccakBatch.Permute(state, w);
            KeccakBatch.Extract(state, w, KeccakSponge.Shake256Rate, buffer, KeccakSponge.Shake256Rate);
            for (int i = 0; i < w && first + i < count; i++)
            {
                SampleCbd(buffer.Slice(i * KeccakSponge.Shake256Rate, NoiseBytes), polynomials.Slice((first + i) * MlKemField.N, MlKemField.N));
            }
        }

        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(state));
        CryptographicOperations.ZeroMemory(buffer);
    }

    /// <summary>SamplePolyCBD with η = 2, FIPS 203 algorithm 8: each nibble gives popcount(low 2) − popcount(high 2).</summary>
    public static void SampleCbd(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        if (Avx2.IsSupported)
        {
            Vector.SampleCbdAvx2(bytes, polynomial);
        }
        else
        {
            SampleCbdScalar(bytes, polynomial);
        }
    }

    /// <summary><see cref="SampleCbd"/> one byte at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SampleCbdScalar(ReadOnlySpan<byte> bytes, Span<short> polynomial)
    {
        for (int i = 0; i < NoiseBytes; i++)
        {
            int b = bytes[i];
            int sums = (b & 0x55) + ((b >> 1) & 0x55);
            polynomial[2 * i] = (short)((sums & 3) - ((sums >> 2) & 3));
            polynomial[(2 * i) + 1] = (short)(((sums >> 4) & 3) - ((sums >> 6) & 3));
        }
    }
}
