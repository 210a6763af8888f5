using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlKemNtt
{
    /// <summary>
    /// <see cref="MlKemNtt"/> on sixteen coefficients at a time. Layers whose blocks are shorter than a vector bring the two
    /// halves of each block into two vectors by shuffles, and back at the end, so that polynomials stand in natural order
    /// between calls.
    /// </summary>
    internal static class Vector
    {
        private const int Lanes = 16;

        /// <summary>NTT, FIPS 203 algorithm 9: layers 128 and 64, then the other five within each block of 64.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Forward(Span<short> f)
        {
            ref short c = ref MemoryMarshal.GetReference(f[..MlKemField.N]);
            Zeta z1 = Zeta.Broadcast(1);
            Zeta z2 = Zeta.Broadcast(2);
            Zeta z3 = Zeta.Broadcast(3);
            for (int j = 0; j < 64; j += Lanes)
            {
                Vector256<short> v0 = Load(ref c, j);
                Vector256<short> v1 = Load(ref c, j + 64);
                Vector256<short> v2 = Load(ref c, j + 128);
                Vector256<short> v3 = Load(ref c, j + 192);
                Butterfly(ref v0, ref v2, z1);
                Butterfly(ref v1, ref v3, z1);
                Butterfly(ref v0, ref v1, z2);
                Butterfly(ref v2, ref v3, z3);
                Store(ref c, j, v0);
                Store(ref c, j + 64, v1);
                Store(ref c, j + 128, v2);
                Store(ref c, j + 192, v3);
            }

            for (int block = 0; block < 4; block++)
            {
                int j = 64 * block;
                Vector256<short> v0 = Load(ref c, j);
                Vector256<short> v1 = Load(ref c, j + 16);
                Vector256<short> v2 = Load(ref c, j + 32);
                Vector256<short> v3 = Load(ref c, j + 48);
                Zeta z32 = Zeta.Broadcast(4 + block);
                Butterfly(ref v0, ref v2, z32);
                Butterfly(ref v1, ref v3, z32);
                Butterfly(ref v0, ref v1, Zeta.Broadcast(8 + (2 * block)));
                Butterfly(ref v2, ref v3, Zeta.Broadcast(9 + (2 * block)));
                ForwardShort(ref v0, ref v1, 2 * block);
                ForwardShort(ref v2, ref v3, (2 * block) + 1);
                Store(ref c, j, Barrett(v0));
                Store(ref c, j + 16, Barrett(v1));
                Store(ref c, j + 32, Barrett(v2));
                Store(ref c, j + 48, Barrett(v3));
            }
        }

        /// <summary>
        /// NTT⁻¹, FIPS 203 algorithm 10, times 2¹⁶. Sums double in each layer; they are reduced after the third and the
        /// sixth, when they have reached 8q, the most that 16 bits hold.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Inverse(Span<short> f)
        {
            ref short c = ref MemoryMarshal.GetReference(f[..MlKemField.N]);
            for (int block = 0; block < 4; block++)
            {
                int j = 64 * block;
                Vector256<short> v0 = Load(ref c, j);
                Vector256<short> v1 = Load(ref c, j + 16);
                Vector256<short> v2 = Load(ref c, j + 32);
                Vector256<short> v3 = Load(ref c, j + 48);
                InverseShort(ref v0, ref v1, 2 * block);
                InverseShort(ref v2, ref v3, (2 * block) + 1);
                InverseButterfly(ref v0, ref v1, Zeta.Broadcast(15 - (2 * block)));
                InverseButterfly(ref v2, ref v3, Zeta.Broadcast(14 - (2 * block)));
                Zeta z32 = Zeta.Broadcast(7 - block);
                InverseButterfly(ref v0, ref v2, z32);
                InverseButterfly(ref v1, ref v3, z32);
                Store(ref c, j, v0);
                Store(ref c, j + 16, v1);
                Store(ref c, j + 32, v2);
                Store(ref c, j + 48, v3);
            }

            Zeta z1 = Zeta.Broadcast(1);
            Zeta z2 = Zeta.Broadcast(2);
            Zeta z3 = Zeta.Broadcast(3);
            Zeta scale = Zeta.Of(MlKemField.InverseScale);
            for (int j = 0; j < 64; j += Lanes)
            {
                Vector256<short> v0 = Load(ref c, j);
                Vector256<short> v1 = Load(ref c, j + 64);
                Vector256<short> v2 = Load(ref c, j + 128);
                Vector256<short> v3 = Load(ref c, j + 192);
                InverseButterfly(ref v0, ref v1, z3);
                InverseButterfly(ref v2, ref v3, z2);
                v0 = Barrett(v0);
                v2 = Barrett(v2);
                InverseButterfly(ref v0, ref v2, z1);
                InverseButterfly(ref v1, ref v3, z1);
                Store(ref c, j, Multiply(v0, scale));
                Store(ref c, j + 64, Multiply(v1, scale));
                Store(ref c, j + 128, Multiply(v2, scale));
                Store(ref c, j + 192, Multiply(v3, scale));
            }
        }

        /// <inheritdoc cref="MlKemNtt.Reduce"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Reduce(Span<short> f)
        {
            ref short c = ref MemoryMarshal.GetReference(f[..MlKemField.N]);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Store(ref c, i, Barrett(Load(ref c, i)));
            }
        }

        /// <inheritdoc cref="MlKemNtt.Prepare"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Prepare(ReadOnlySpan<short> b, Span<short> prepared)
        {
            ref short source = ref MemoryMarshal.GetReference(b[..MlKemField.N]);
            ref short target = ref MemoryMarshal.GetReference(prepared[..MlKemField.N]);
            Vector256<short> signs = Vector256.Create(0x_FFFF_0001_0001_0001UL).AsInt16();
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                // Eight pairs take ζ, −ζ of four entries; the even places, multiplied for nothing, are put back by the blend.
                Zeta zeta = Zeta.Quads(64 + (i >> 2), 0, 1, 2, 3).Negate(signs);
                Vector256<short> value = Load(ref source, i);
                Store(ref target, i, Avx2.Blend(value, Multiply(value, zeta), 0xAA));
            }
        }

        /// <inheritdoc cref="MlKemNtt.DotProduct"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DotProduct(Span<short> result, ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> prepared)
        {
            ref short target = ref MemoryMarshal.GetReference(result[..MlKemField.N]);
            ref short left = ref MemoryMarshal.GetReference(a[..((stride * (MlKemField.K - 1)) + MlKemField.N)]);
            ref short right = ref MemoryMarshal.GetReference(b[..MlKemCore.VectorLength]);
            ref short rightPrepared = ref MemoryMarshal.GetReference(prepared[..MlKemCore.VectorLength]);
            Vector256<byte> swap = Vector256.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Vector256<int> even = Vector256<int>.Zero;
                Vector256<int> odd = Vector256<int>.Zero;
                for (int k = 0; k < MlKemField.K; k++)
                {
                    Vector256<short> x = Load(ref left, (k * stride) + i);
                    Vector256<short> y = Load(ref right, (k * MlKemField.N) + i);
                    even += Avx2.MultiplyAddAdjacent(x, Load(ref rightPrepared, (k * MlKemField.N) + i));
                    odd += Avx2.MultiplyAddAdjacent(x, Avx2.Shuffle(y.AsByte(), swap).AsInt16());
                }

                Store(ref target, i, ReducePairs(even, odd));
            }
        }

        /// <inheritdoc cref="MlKemNtt.ToPlainAndAdd"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void ToPlainAndAdd(Span<short> result, ReadOnlySpan<short> addend)
        {
            ref short target = ref MemoryMarshal.GetReference(result[..MlKemField.N]);
            ref short other = ref MemoryMarshal.GetReference(addend[..MlKemField.N]);
            Zeta factor = Zeta.Of(MlKemField.MontgomerySquared);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Store(ref target, i, Barrett(Multiply(Load(ref target, i), factor) + Load(ref other, i)));
            }
        }

        /// <inheritdoc cref="MlKemNtt.AddReduced"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddReduced(Span<short> result, ReadOnlySpan<short> addend)
        {
            ref short target = ref MemoryMarshal.GetReference(result[..MlKemField.N]);
            ref short other = ref MemoryMarshal.GetReference(addend[..MlKemField.N]);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Store(ref target, i, Barrett(Load(ref target, i) + Load(ref other, i)));
            }
        }

        /// <inheritdoc cref="MlKemNtt.SubtractReduced"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void SubtractReduced(Span<short> result, ReadOnlySpan<short> subtrahend)
        {
            ref short target = ref MemoryMarshal.GetReference(result[..MlKemField.N]);
            ref short other = ref MemoryMarshal.GetReference(subtrahend[..MlKemField.N]);
            for (int i = 0; i < MlKemField.N; i += Lanes)
            {
                Store(ref target, i, Barrett(Load(ref target, i) - Load(ref other, i)));
            }
        }

        // Layers 8, 4 and 2 of 32 coefficients, the group-th of the polynomial.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void ForwardShort(ref Vector256<short> a, ref Vector256<short> b, int group)
        {
            Vector256<short> low = Avx2.Permute2x128(a, b, 0x20);
            Vector256<short> high = Avx2.Permute2x128(a, b, 0x31);
            Butterfly(ref low, ref high, Zeta.Octets(16 + (2 * group), 0, 1));

            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt16());
            Butterfly(ref low, ref high, Zeta.Quads(32 + (4 * group), 0, 1, 2, 3));

            (low, high) = (
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0x88).AsInt16(),
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0xDD).AsInt16());
            Butterfly(ref low, ref high, Zeta.Pairs(64 + (8 * group), reverse: false));
            ToNaturalOrder(low, high, out a, out b);
        }

        // Layers 2, 4 and 8, with zetas from the end of the table backwards.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void InverseShort(ref Vector256<short> a, ref Vector256<short> b, int group)
        {
            Vector256<short> low = Avx2.Permute2x128(a, b, 0x20);
            Vector256<short> high = Avx2.Permute2x128(a, b, 0x31);
            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt16());
            (low, high) = (
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0x88).AsInt16(),
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0xDD).AsInt16());
            InverseButterfly(ref low, ref high, Zeta.Pairs(120 - (8 * group), reverse: true));

            (low, high) = (
                Avx2.UnpackLow(low.AsInt32(), high.AsInt32()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt32(), high.AsInt32()).AsInt16());
            InverseButterfly(ref low, ref high, Zeta.Quads(60 - (4 * group), 3, 2, 1, 0));

            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt16());
            InverseButterfly(ref low, ref high, Zeta.Octets(30 - (2 * group), 1, 0));
            low = Barrett(low);
            a = Avx2.Permute2x128(low, high, 0x20);
            b = Avx2.Permute2x128(low, high, 0x31);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void ToNaturalOrder(Vector256<short> low, Vector256<short> high, out Vector256<short> a, out Vector256<short> b)
        {
            (low, high) = (
                Avx2.UnpackLow(low.AsInt32(), high.AsInt32()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt32(), high.AsInt32()).AsInt16());
            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt16(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt16());
            a = Avx2.Permute2x128(low, high, 0x20);
            b = Avx2.Permute2x128(low, high, 0x31);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Butterfly(ref Vector256<short> a, ref Vector256<short> b, in Zeta zeta)
        {
            Vector256<short> t = Multiply(b, zeta);
            b = a - t;
            a += t;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void InverseButterfly(ref Vector256<short> a, ref Vector256<short> b, in Zeta zeta)
        {
            Vector256<short> t = a;
            a = t + b;
            b = Multiply(b - t, zeta);
        }

        // The high half of a·ζ less that of m·q, with m = a·ζ·q⁻¹ mod 2¹⁶: the low halves are equal and cancel.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Multiply(Vector256<short> a, in Zeta zeta)
        {
            Vector256<short> m = Avx2.MultiplyLow(a, zeta.TimesInverse);
            return Avx2.MultiplyHigh(a, zeta.Value) - Avx2.MultiplyHigh(m, Vector256.Create((short)MlKemField.Q));
        }

        // As MlKemField.BarrettReduce: ⌊(⌊20159·a / 2¹⁶⌋ + 2⁹) / 2¹⁰⌋ = ⌊(20159·a + 2²⁵) / 2²⁶⌋.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Barrett(Vector256<short> a)
        {
            Vector256<short> t = (Avx2.MultiplyHigh(a, Vector256.Create((short)20159)) + Vector256.Create((short)512)) >> 10;
            return a - Avx2.MultiplyLow(t, Vector256.Create((short)MlKemField.Q));
        }

        // Montgomery reduction of 32-bit sums; even coefficients go to the low halves, odd ones to the high halves.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> ReducePairs(Vector256<int> even, Vector256<int> odd)
        {
            Vector256<short> inverse = Vector256.Create(MlKemField.QInverse);
            Vector256<short> modulus = Vector256.Create(MlKemField.Q).AsInt16();
            even -= Avx2.MultiplyAddAdjacent(Avx2.MultiplyLow(even.AsInt16(), inverse), modulus);
            odd -= Avx2.MultiplyAddAdjacent(Avx2.MultiplyLow(odd.AsInt16(), inverse), modulus);
            return Avx2.Blend((even >>> 16).AsInt16(), odd.AsInt16(), 0xAA);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Load(ref short source, int index) => Vector256.LoadUnsafe(ref source, (nuint)index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(ref short target, int index, Vector256<short> value) => value.StoreUnsafe(ref target, (nuint)index);

        /// <summary>A factor in each lane, in Montgomery form, and the same times q⁻¹ modulo 2¹⁶.</summary>
        private readonly struct Zeta(Vector256<short> value, Vector256<short> timesInverse)
        {
            public readonly Vector256<short> Value = value;
            public readonly Vector256<short> TimesInverse = timesInverse;

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Zeta Of(short factor) => new(Vector256.Create(factor), Vector256.Create((short)(factor * MlKemField.QInverse)));

            /// <summary>Entry k in all lanes.</summary>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Zeta Broadcast(int k) => new(Vector256.Create(Entry(k)), Vector256.Create(EntryTimesInverse(k)));

            /// <summary>Entries k + a in lanes 0–7 and k + b in lanes 8–15.</summary>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Zeta Octets(int k, byte a, byte b)
            {
                Vector256<byte> pattern = Vector256.Create(Place(a), Place(a), Place(b), Place(b)).AsByte();
                return new(
                    Avx2.Shuffle(Vector256.Create(Unsafe.As<short, int>(ref Entry(k))).AsByte(), pattern).AsInt16(),
                    Avx2.Shuffle(Vector256.Create(Unsafe.As<short, int>(ref EntryTimesInverse(k))).AsByte(), pattern).AsInt16());
            }

            /// <summary>Four entries from k on, in the order given, in four lanes each.</summary>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Zeta Quads(int k, byte a, byte b, byte c, byte d)
            {
                Vector256<byte> pattern = Vector256.Create(Place(a), Place(b), Place(c), Place(d)).AsByte();
                return new(
                    Avx2.Shuffle(Vector256.Create(Unsafe.As<short, long>(ref Entry(k))).AsByte(), pattern).AsInt16(),
                    Avx2.Shuffle(Vector256.Create(Unsafe.As<short, long>(ref EntryTimesInverse(k))).AsByte(), pattern).AsInt16());
            }

            /// <summary>Eight entries from k on in two lanes each, in the order the shuffles of layer 2 leave.</summary>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public static Zeta Pairs(int k, bool reverse)
            {
                Vector256<byte> pattern = reverse
                    ? Vector256.Create((byte)14, 15, 14, 15, 10, 11, 10, 11, 12, 13, 12, 13, 8, 9, 8, 9, 6, 7, 6, 7, 2, 3, 2, 3, 4, 5, 4, 5, 0, 1, 0, 1)
                    : Vector256.Create((byte)0, 1, 0, 1, 4, 5, 4, 5, 2, 3, 2, 3, 6, 7, 6, 7, 8, 9, 8, 9, 12, 13, 12, 13, 10, 11, 10, 11, 14, 15, 14, 15);
                return new(
                    Avx2.Shuffle(Twice(ref Entry(k)), pattern).AsInt16(),
                    Avx2.Shuffle(Twice(ref EntryTimesInverse(k)), pattern).AsInt16());
            }

            /// <summary>Each lane multiplied by the sign in the same lane.</summary>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public Zeta Negate(Vector256<short> signs) => new(Avx2.Sign(Value, signs), Avx2.Sign(TimesInverse, signs));

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            private static Vector256<byte> Twice(ref short source)
            {
                Vector128<byte> half = Unsafe.As<short, Vector128<byte>>(ref source);
                return Vector256.Create(half, half);
            }

            // The byte shuffle that puts 16-bit entry i into four lanes.
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            private static ulong Place(byte i) => 0x0001_0001_0001_0001UL * (uint)((2 * i) | (((2 * i) + 1) << 8));

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            private static ref short Entry(int k) => ref Unsafe.Add(ref MemoryMarshal.GetReference(MlKemZetas.Montgomery), k);

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            private static ref short EntryTimesInverse(int k) => ref Unsafe.Add(ref MemoryMarshal.GetReference(MlKemZetas.MontgomeryTimesInverse), k);
        }
    }
}
