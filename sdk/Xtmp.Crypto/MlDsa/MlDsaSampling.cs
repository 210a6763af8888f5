using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>The samplers of FIPS 204 section 7.3, several polynomials at a time.</summary>
[SecretHandling]
internal static partial class MlDsaSampling
{
    /// <summary>Five blocks of SHAKE128 hold 280 candidates, of which 1 in 1025 is rejected.</summary>
    private const int MatrixBlocks = 5;

    /// <summary>Two blocks of SHAKE256 hold 544 nibbles, of which 1 in 16 is rejected.</summary>
    private const int SecretBlocks = 2;

    /// <summary>Five blocks of SHAKE256 hold the 640 bytes of one mask polynomial.</summary>
    private const int MaskBlocks = 5;

    /// <summary>ExpandA, FIPS 204 algorithm 32: row-major, K·L polynomials, coefficients in [0, q).</summary>
    [PublicData("The matrix is a function of the public seed ρ.")]
    [SkipLocalsInit]
    public static void ExpandMatrix(ReadOnlySpan<byte> rho, Span<int> matrix, int width)
    {
        const int rate = KeccakSponge.Shake128Rate;
        const int stride = rate * MatrixBlocks;
        const int polynomials = MlDsaField.K * MlDsaField.L;
        Span<ulong> state = stackalloc ulong[KeccakBatch.StateWords];
        Span<byte> buffer = stackalloc byte[KeccakBatch.MaxWidth * stride];
        Span<ushort> nonces = stackalloc ushort[KeccakBatch.MaxWidth];
        Span<int> filled = stackalloc int[KeccakBatch.MaxWidth];
        int row = 0;
        int column = 0;
        for (int first = 0; first < polynomials; first += width)
        {
            for (int i = 0; i < width; i++)
            {
                // The entry of row r and column s is drawn from ρ ‖ s ‖ r.
                nonces[i] = (ushort)(column | (row << 8));
                if (++column == MlDsaField.L)
                {
                    column = 0;
                    row++;
                }
            }

            KeccakBatch.Start(state, width, rho, nonces, 2, rate);
            for (int block = 0; block < MatrixBlocks; block++)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer[(block * rate)..], stride);
            }

            bool complete = true;
            for (int i = 0; i < width; i++)
            {
                Span<int> polynomial = matrix.Slice((first + i) * MlDsaField.N, MlDsaField.N);
                filled[i] = RejectNtt(polynomial, 0, buffer.Slice(i * stride, stride));
                complete &= filled[i] == MlDsaField.N;
            }

            while (!complete)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer, stride);
                complete = true;
                for (int i = 0; i < width; i++)
                {
                    Span<int> polynomial = matrix.Slice((first + i) * MlDsaField.N, MlDsaField.N);
                    filled[i] = RejectNtt(polynomial, filled[i], buffer.Slice(i * stride, rate));
                    complete &= filled[i] == MlDsaField.N;
                }
            }
        }
    }

    /// <summary>RejNTTPoly, FIPS 204 algorithms 14 and 30, over the bytes at hand.</summary>
    /// <returns>How many coefficients are filled now; 256 when done.</returns>
    [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
    public static int RejectNtt(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes) => Avx2.IsSupported
        ? Vector.RejectNtt(polynomial, filled, bytes)
        : RejectNttScalar(polynomial, filled, bytes);

    /// <summary><see cref="RejectNtt"/> one candidate at a time.</summary>
    [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int RejectNttScalar(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i + 3 <= bytes.Length && filled < MlDsaField.N; i += 3)
        {
            int candidate = bytes[i] | (bytes[i + 1] << 8) | ((bytes[i + 2] & 0x7F) << 16);
            if (candidate < MlDsaField.Q)
            {
                polynomial[filled++] = candidate;
            }
        }

        return filled;
    }

    /// <summary>ExpandS, FIPS 204 algorithm 33: s₁ then s₂, L + K polynomials with coefficients in [−2, 2].</summary>
    [SkipLocalsInit]
    public static void ExpandSecret(ReadOnlySpan<byte> seed, Span<int> polynomials, int width)
    {
        const int rate = KeccakSponge.Shake256Rate;
        const int stride = rate * SecretBlocks;
        const int count = MlDsaField.K + MlDsaField.L;
        Span<ulong> state = stackalloc ulong[KeccakBatch.StateWords];
        Span<byte> buffer = stackalloc byte[KeccakBatch.MaxWidth * stride];
        Span<ushort> nonces = stackalloc ushort[KeccakBatch.MaxWidth];
        Span<int> filled = stackalloc int[KeccakBatch.MaxWidth];
        for (int first = 0; first < count; first += width)
        {
            for (int i = 0; i < width; i++)
            {
                nonces[i] = (ushort)(first + i);
            }

            KeccakBatch.Start(state, width, seed, nonces, 2, rate);
            for (int block = 0; block < SecretBlocks; block++)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer[(block * rate)..], stride);
            }

            filled.Clear();
            int available = stride;
            bool complete;
            do
            {
                complete = true;
                for (int i = 0; i < width && first + i < count; i++)
                {
                    Span<int> polynomial = polynomials.Slice((first + i) * MlDsaField.N, MlDsaField.N);
                    filled[i] = RejectBounded(polynomial, filled[i], buffer.Slice(i * stride, available));
                    complete &= filled[i] == MlDsaField.N;
                }

                if (!complete)
                {
                    KeccakBatch.Permute(state, width);
                    KeccakBatch.Extract(state, width, rate, buffer, stride);
                    available = rate;
                }
            }
            while (!complete);
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(state));
        CryptographicOperations.ZeroMemory(buffer);
    }

    /// <summary>
    /// RejBoundedPoly with η = 2, FIPS 204 algorithms 15 and 31, over the bytes at hand. Time depends on which nibbles
    /// are rejected, and a rejected nibble tells nothing of those kept, which are independent of it; a kept value is
    /// mapped to 2 − (b mod 5) by multiplication.
    /// </summary>
    public static int RejectBounded(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes) => Avx2.IsSupported && Bmi2.X64.IsSupported
        ? Vector.RejectBounded(polynomial, filled, bytes)
        : RejectBoundedScalar(polynomial, filled, bytes);

    /// <summary><see cref="RejectBounded"/> one candidate at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int RejectBoundedScalar(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length && filled < MlDsaField.N; i++)
        {
            int low = bytes[i] & 15;
            int high = bytes[i] >> 4;
            if (low < 15)
            {
                polynomial[filled++] = 2 - (low - (((205 * low) >> 10) * 5));
            }

            if (high < 15 && filled < MlDsaField.N)
            {
                polynomial[filled++] = 2 - (high - (((205 * high) >> 10) * 5));
            }
        }

        return filled;
    }

    /// <summary>ExpandMask, FIPS 204 algorithm 34: L polynomials with coefficients in (−γ₁, γ₁].</summary>
    [SkipLocalsInit]
    public static void ExpandMask(ReadOnlySpan<byte> seed, int kappa, Span<int> polynomials, int width)
    {
        const int rate = KeccakSponge.Shake256Rate;
        const int stride = rate * MaskBlocks;
        Span<ulong> state = stackalloc ulong[KeccakBatch.StateWords];
        Span<byte> buffer = stackalloc byte[KeccakBatch.MaxWidth * stride];
        Span<ushort> nonces = stackalloc ushort[KeccakBatch.MaxWidth];
        for (int first = 0; first < MlDsaField.L; first += width)
        {
            for (int i = 0; i < width; i++)
            {
                nonces[i] = (ushort)(kappa + first + i);
            }

            KeccakBatch.Start(state, width, seed, nonces, 2, rate);
            for (int block = 0; block < MaskBlocks; block++)
            {
                KeccakBatch.Permute(state, width);
                KeccakBatch.Extract(state, width, rate, buffer[(block * rate)..], stride);
            }

            for (int i = 0; i < width && first + i < MlDsaField.L; i++)
            {
                MlDsaPacking.DecodeZ(buffer.Slice(i * stride, MlDsaPacking.BytesZ), polynomials.Slice((first + i) * MlDsaField.N, MlDsaField.N));
            }
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(state));
        CryptographicOperations.ZeroMemory(buffer);
    }

    /// <summary>
    /// SampleInBall, FIPS 204 algorithm 29: τ coefficients of ±1. Its index and rejections depend on the commitment hash
    /// c̃ alone, which is public in a signature and, in a rejected attempt, independent of the key (FIPS 204 section 3.2
    /// names the rejection loop as the one place where time may vary).
    /// </summary>
    [PublicData("The challenge is a function of the commitment hash, which signatures publish.")]
    [SkipLocalsInit]
    public static void SampleInBall(ReadOnlySpan<byte> commitment, Span<int> challenge)
    {
        Span<byte> block = stackalloc byte[KeccakSponge.Shake256Rate];
        KeccakSponge sponge = KeccakSponge.Shake256();
        sponge.Absorb(commitment);
        sponge.Squeeze(block);
        ulong signs = BinaryPrimitives.ReadUInt64LittleEndian(block);
        int position = sizeof(ulong);
        challenge.Clear();
        for (int i = MlDsaField.N - MlDsaField.Tau; i < MlDsaField.N; i++)
        {
            int j;
            do
            {
                if (position == block.Length)
                {
                    sponge.Squeeze(block);
                    position = 0;
                }

                j = block[position++];
            }
            while (j > i);

            challenge[i] = challenge[j];
            challenge[j] = 1 - (2 * (int)(signs & 1));
            signs >>= 1;
        }
    }
}
