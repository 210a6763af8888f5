using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlKemSampling
{
    /// <summary>The inner loops of <see cref="MlKemSampling"/> on many coefficients at a time.</summary>
    internal static class Vector
    {
        /// <summary>32 candidates from 48 bytes; those kept are moved together by VBMI2's compression.</summary>
        [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int SampleNttVbmi2(Span<short> polynomial, int filled, ReadOnlySpan<byte> bytes)
        {
            const int step = 48;
            Vector512<byte> spread = Vector512.Create(
                0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11, 12, 13, 13, 14, 15, 16, 16, 17, 18, 19, 19, 20, 21, 22, 22, 23,
                (byte)24, 25, 25, 26, 27, 28, 28, 29, 30, 31, 31, 32, 33, 34, 34, 35, 36, 37, 37, 38, 39, 40, 40, 41, 42, 43, 43, 44, 45, 46, 46, 47);
            Vector512<ushort> shifts = Vector512.Create(0x0004_0000).AsUInt16();
            Vector512<short> modulus = Vector512.Create((short)MlKemField.Q);
            polynomial = polynomial[..MlKemField.N];
            ref byte source = ref MemoryMarshal.GetReference(bytes);
            ref short target = ref MemoryMarshal.GetReference(polynomial);
            int i = 0;
            while (filled <= MlKemField.N - 32 && i + 64 <= bytes.Length)
            {
                Vector512<byte> loaded = Avx512Vbmi.PermuteVar64x8(Vector512.LoadUnsafe(ref source, (nuint)i), spread);
                Vector512<short> candidates = Avx512BW.ShiftRightLogicalVariable(loaded.AsUInt16(), shifts).AsInt16() & Vector512.Create((short)0x0FFF);
                Vector512<short> keep = Vector512.LessThan(candidates, modulus);
                Avx512Vbmi2.Compress(Vector512<short>.Zero, keep, candidates).StoreUnsafe(ref target, (nuint)filled);
                filled += BitOperations.PopCount(keep.ExtractMostSignificantBits());
                i += step;
            }

            return SampleNttAvx2(polynomial, filled, bytes[i..]);
        }

        /// <summary>Eight candidates from 12 bytes; those kept are moved together by a shuffle that BMI2 computes.</summary>
        [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int SampleNttAvx2(Span<short> polynomial, int filled, ReadOnlySpan<byte> bytes)
        {
            const int step = 12;
            Vector128<byte> spread = Vector128.Create((byte)0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10, 10, 11);
            Vector128<short> modulus = Vector128.Create((short)MlKemField.Q);
            polynomial = polynomial[..MlKemField.N];
            ref byte source = ref MemoryMarshal.GetReference(bytes);
            ref short target = ref MemoryMarshal.GetReference(polynomial);
            int i = 0;
            while (filled <= MlKemField.N - 8 && i + 16 <= bytes.Length)
            {
                Vector128<short> loaded = Ssse3.Shuffle(Vector128.LoadUnsafe(ref source, (nuint)i), spread).AsInt16();
                Vector128<short> candidates = Sse41.Blend(loaded & Vector128.Create((short)0x0FFF), loaded >>> 4, 0xAA);
                uint keep = Vector128.LessThan(candidates, modulus).ExtractMostSignificantBits();

                // The places of the kept ones, a byte each, and from them the byte pairs of the shuffle.
                ulong places = Bmi2.X64.ParallelBitExtract(0x0E0C_0A08_0604_0200, Bmi2.X64.ParallelBitDeposit(keep, 0x0101_0101_0101_0101) * 0xFF);
                Vector128<byte> even = Vector128.CreateScalar(places).AsByte();
                Vector128<byte> order = Sse2.UnpackLow(even, even + Vector128<byte>.One);
                Ssse3.Shuffle(candidates.AsByte(), order).AsInt16().StoreUnsafe(ref target, (nuint)filled);
                filled += BitOperations.PopCount(keep);
                i += step;
            }

            return MlKemSampling.SampleNttScalar(polynomial, filled, bytes[i..]);
        }

        /// <summary>64 coefficients from 32 bytes; biased by 3 so that no nibble borrows from its neighbour.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void SampleCbdAvx2(ReadOnlySpan<byte> bytes, Span<short> polynomial)
        {
            ref byte source = ref MemoryMarshal.GetReference(bytes[..MlKemSampling.NoiseBytes]);
            ref short target = ref MemoryMarshal.GetReference(polynomial[..MlKemField.N]);
            Vector256<byte> pairs = Vector256.Create((byte)0x55);
            Vector256<byte> quads = Vector256.Create((byte)0x33);
            Vector256<byte> nibble = Vector256.Create((byte)0x0F);
            Vector256<byte> bias = Vector256.Create((byte)3);
            for (int i = 0; i < MlKemSampling.NoiseBytes; i += 32)
            {
                Vector256<byte> value = Vector256.LoadUnsafe(ref source, (nuint)i);
                Vector256<byte> sums = (value & pairs) + ((value.AsUInt16() >>> 1).AsByte() & pairs);
                Vector256<byte> differences = (sums & quads) + quads - ((sums.AsUInt16() >>> 2).AsByte() & quads);
                Vector256<sbyte> low = ((differences & nibble) - bias).AsSByte();
                Vector256<sbyte> high = (((differences.AsUInt16() >>> 4).AsByte() & nibble) - bias).AsSByte();
                Vector256<sbyte> first = Avx2.UnpackLow(low, high);
                Vector256<sbyte> second = Avx2.UnpackHigh(low, high);
                Avx2.ConvertToVector256Int16(first.GetLower()).StoreUnsafe(ref target, (nuint)(2 * i));
                Avx2.ConvertToVector256Int16(second.GetLower()).StoreUnsafe(ref target, (nuint)((2 * i) + 16));
                Avx2.ConvertToVector256Int16(first.GetUpper()).StoreUnsafe(ref target, (nuint)((2 * i) + 32));
                Avx2.ConvertToVector256Int16(second.GetUpper()).StoreUnsafe(ref target, (nuint)((2 * i) + 48));
            }
        }
    }
}
