using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlDsaSampling
{
    /// <summary>The inner loops of <see cref="MlDsaSampling"/> on many candidates at a time.</summary>
    internal static class Vector
    {
        /// <summary>
        /// Eight candidates from 24 bytes, stored at once when all are kept, which is nearly always; else one by one.
        /// </summary>
        [PublicData("Candidates come from the public seed ρ; the rejection is by value.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int RejectNtt(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes)
        {
            const int step = 24;
            polynomial = polynomial[..MlDsaField.N];
            ref byte source = ref MemoryMarshal.GetReference(bytes);
            ref int target = ref MemoryMarshal.GetReference(polynomial);
            Vector256<byte> spread = Vector256.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
            Vector256<int> mask = Vector256.Create(0x7FFFFF);
            Vector256<int> modulus = Vector256.Create(MlDsaField.Q);
            int i = 0;
            while (filled <= MlDsaField.N - 8 && i + 28 <= bytes.Length)
            {
                Vector256<byte> loaded = Vector256.Create(Vector128.LoadUnsafe(ref source, (nuint)i), Vector128.LoadUnsafe(ref source, (nuint)(i + 12)));
                Vector256<int> candidates = Avx2.Shuffle(loaded, spread).AsInt32() & mask;
                if (Vector256.LessThanAll(candidates, modulus))
                {
                    candidates.StoreUnsafe(ref target, (nuint)filled);
                    filled += 8;
                }
                else
                {
                    filled = MlDsaSampling.RejectNttScalar(polynomial, filled, bytes.Slice(i, step));
                }

                i += step;
            }

            return MlDsaSampling.RejectNttScalar(polynomial, filled, bytes[i..]);
        }

        /// <summary>
        /// 32 nibbles from 16 bytes: mapped by a shuffle within a register, and those kept moved together eight at a time.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int RejectBounded(Span<int> polynomial, int filled, ReadOnlySpan<byte> bytes)
        {
            const int step = 16;
            polynomial = polynomial[..MlDsaField.N];
            ref byte source = ref MemoryMarshal.GetReference(bytes);
            ref int target = ref MemoryMarshal.GetReference(polynomial);
            Vector128<byte> values = Vector128.Create((sbyte)2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 0).AsByte();
            Vector128<byte> nibble = Vector128.Create((byte)15);
            int i = 0;
            while (filled <= MlDsaField.N - 32 && i + step <= bytes.Length)
            {
                Vector128<byte> loaded = Vector128.LoadUnsafe(ref source, (nuint)i);
                Vector128<byte> low = loaded & nibble;
                Vector128<byte> high = (loaded.AsUInt16() >>> 4).AsByte() & nibble;
                Vector128<byte> first = Sse2.UnpackLow(low, high);
                Vector128<byte> second = Sse2.UnpackHigh(low, high);
                Append(ref target, ref filled, Ssse3.Shuffle(values, first), Vector128.LessThan(first, nibble));
                Append(ref target, ref filled, Ssse3.Shuffle(values, second), Vector128.LessThan(second, nibble));
                i += step;
            }

            return MlDsaSampling.RejectBoundedScalar(polynomial, filled, bytes[i..]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Append(ref int target, ref int filled, Vector128<byte> values, Vector128<byte> keep)
        {
            Append(ref target, ref filled, values.AsUInt64().ToScalar(), keep.AsUInt64().ToScalar());
            Append(ref target, ref filled, values.AsUInt64().GetElement(1), keep.AsUInt64().GetElement(1));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Append(ref int target, ref int filled, ulong values, ulong keep)
        {
            ulong kept = Bmi2.X64.ParallelBitExtract(values, keep);
            Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(kept).AsSByte()).StoreUnsafe(ref target, (nuint)filled);
            filled += BitOperations.PopCount(keep) >> 3;
        }
    }
}
