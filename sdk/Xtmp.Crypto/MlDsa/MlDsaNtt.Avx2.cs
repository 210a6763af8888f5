using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

internal static partial class MlDsaNtt
{
    /// <summary>
    /// <see cref="MlDsaNtt"/> on eight coefficients at a time. Layers whose blocks are shorter than a vector bring the two
    /// halves of each block into two vectors by shuffles, and back at the end, so that polynomials stand in natural order
    /// between calls.
    /// </summary>
    internal static class Vector
    {
        private const int Lanes = 8;

        /// <summary>NTT, FIPS 204 algorithm 41: layers 128, 64 and 32, then the other five within each block of 32.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Forward(Span<int> f)
        {
            ref int c = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            for (int j = 0; j < 32; j += Lanes)
            {
                Vector256<int> v0 = Load(ref c, j);
                Vector256<int> v1 = Load(ref c, j + 32);
                Vector256<int> v2 = Load(ref c, j + 64);
                Vector256<int> v3 = Load(ref c, j + 96);
                Vector256<int> v4 = Load(ref c, j + 128);
                Vector256<int> v5 = Load(ref c, j + 160);
                Vector256<int> v6 = Load(ref c, j + 192);
                Vector256<int> v7 = Load(ref c, j + 224);
                Butterfly(ref v0, ref v4, 1);
                Butterfly(ref v1, ref v5, 1);
                Butterfly(ref v2, ref v6, 1);
                Butterfly(ref v3, ref v7, 1);
                Butterfly(ref v0, ref v2, 2);
                Butterfly(ref v1, ref v3, 2);
                Butterfly(ref v4, ref v6, 3);
                Butterfly(ref v5, ref v7, 3);
                Butterfly(ref v0, ref v1, 4);
                Butterfly(ref v2, ref v3, 5);
                Butterfly(ref v4, ref v5, 6);
                Butterfly(ref v6, ref v7, 7);
                Store(ref c, j, v0);
                Store(ref c, j + 32, v1);
                Store(ref c, j + 64, v2);
                Store(ref c, j + 96, v3);
                Store(ref c, j + 128, v4);
                Store(ref c, j + 160, v5);
                Store(ref c, j + 192, v6);
                Store(ref c, j + 224, v7);
            }

            for (int block = 0; block < 8; block++)
            {
                int j = 32 * block;
                Vector256<int> v0 = Load(ref c, j);
                Vector256<int> v1 = Load(ref c, j + 8);
                Vector256<int> v2 = Load(ref c, j + 16);
                Vector256<int> v3 = Load(ref c, j + 24);
                Butterfly(ref v0, ref v2, 8 + block);
                Butterfly(ref v1, ref v3, 8 + block);
                Butterfly(ref v0, ref v1, 16 + (2 * block));
                Butterfly(ref v2, ref v3, 17 + (2 * block));
                ForwardShort(ref v0, ref v1, 2 * block);
                ForwardShort(ref v2, ref v3, (2 * block) + 1);
                Store(ref c, j, v0);
                Store(ref c, j + 8, v1);
                Store(ref c, j + 16, v2);
                Store(ref c, j + 24, v3);
            }
        }

        /// <summary>
        /// NTT⁻¹, FIPS 204 algorithm 42, times 2³². Sums double in each of the eight layers: from below q to below 256q,
        /// which 32 bits just hold.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Inverse(Span<int> f)
        {
            ref int c = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            for (int block = 0; block < 8; block++)
            {
                int j = 32 * block;
                Vector256<int> v0 = Load(ref c, j);
                Vector256<int> v1 = Load(ref c, j + 8);
                Vector256<int> v2 = Load(ref c, j + 16);
                Vector256<int> v3 = Load(ref c, j + 24);
                InverseShort(ref v0, ref v1, 2 * block);
                InverseShort(ref v2, ref v3, (2 * block) + 1);
                InverseButterfly(ref v0, ref v1, 31 - (2 * block));
                InverseButterfly(ref v2, ref v3, 30 - (2 * block));
                InverseButterfly(ref v0, ref v2, 15 - block);
                InverseButterfly(ref v1, ref v3, 15 - block);
                Store(ref c, j, v0);
                Store(ref c, j + 8, v1);
                Store(ref c, j + 16, v2);
                Store(ref c, j + 24, v3);
            }

            Vector256<int> scale = Vector256.Create(MlDsaField.InverseScale);
            Vector256<int> scaleTimesInverse = Vector256.Create(unchecked(MlDsaField.InverseScale * MlDsaField.QInverse));
            for (int j = 0; j < 32; j += Lanes)
            {
                Vector256<int> v0 = Load(ref c, j);
                Vector256<int> v1 = Load(ref c, j + 32);
                Vector256<int> v2 = Load(ref c, j + 64);
                Vector256<int> v3 = Load(ref c, j + 96);
                Vector256<int> v4 = Load(ref c, j + 128);
                Vector256<int> v5 = Load(ref c, j + 160);
                Vector256<int> v6 = Load(ref c, j + 192);
                Vector256<int> v7 = Load(ref c, j + 224);
                InverseButterfly(ref v0, ref v1, 7);
                InverseButterfly(ref v2, ref v3, 6);
                InverseButterfly(ref v4, ref v5, 5);
                InverseButterfly(ref v6, ref v7, 4);
                InverseButterfly(ref v0, ref v2, 3);
                InverseButterfly(ref v1, ref v3, 3);
                InverseButterfly(ref v4, ref v6, 2);
                InverseButterfly(ref v5, ref v7, 2);
                InverseButterfly(ref v0, ref v4, 1);
                InverseButterfly(ref v1, ref v5, 1);
                InverseButterfly(ref v2, ref v6, 1);
                InverseButterfly(ref v3, ref v7, 1);
                Store(ref c, j, Multiply(v0, scale, scaleTimesInverse));
                Store(ref c, j + 32, Multiply(v1, scale, scaleTimesInverse));
                Store(ref c, j + 64, Multiply(v2, scale, scaleTimesInverse));
                Store(ref c, j + 96, Multiply(v3, scale, scaleTimesInverse));
                Store(ref c, j + 128, Multiply(v4, scale, scaleTimesInverse));
                Store(ref c, j + 160, Multiply(v5, scale, scaleTimesInverse));
                Store(ref c, j + 192, Multiply(v6, scale, scaleTimesInverse));
                Store(ref c, j + 224, Multiply(v7, scale, scaleTimesInverse));
            }
        }

        /// <inheritdoc cref="MlDsaNtt.Product"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Product(Span<int> result, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
        {
            ref int target = ref MemoryMarshal.GetReference(result[..MlDsaField.N]);
            ref int left = ref MemoryMarshal.GetReference(a[..MlDsaField.N]);
            ref int right = ref MemoryMarshal.GetReference(b[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Vector256<int> x = Load(ref left, i);
                Vector256<int> y = Load(ref right, i);
                Store(ref target, i, Reduce(Avx2.Multiply(x, y), Avx2.Multiply(Odd(x), Odd(y))));
            }
        }

        /// <inheritdoc cref="MlDsaNtt.DotProduct"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DotProduct(Span<int> result, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
        {
            ref int target = ref MemoryMarshal.GetReference(result[..MlDsaField.N]);
            ref int left = ref MemoryMarshal.GetReference(row[..(MlDsaField.L * MlDsaField.N)]);
            ref int right = ref MemoryMarshal.GetReference(vector[..(MlDsaField.L * MlDsaField.N)]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Vector256<long> even = Vector256<long>.Zero;
                Vector256<long> odd = Vector256<long>.Zero;
                for (int j = i; j < MlDsaField.L * MlDsaField.N; j += MlDsaField.N)
                {
                    Vector256<int> x = Load(ref left, j);
                    Vector256<int> y = Load(ref right, j);
                    even += Avx2.Multiply(x, y);
                    odd += Avx2.Multiply(Odd(x), Odd(y));
                }

                Store(ref target, i, Reduce(even, odd));
            }
        }

        // Layers 4, 2 and 1 of 16 coefficients, the group-th of the polynomial.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void ForwardShort(ref Vector256<int> a, ref Vector256<int> b, int group)
        {
            Vector256<int> low = Avx2.Permute2x128(a, b, 0x20);
            Vector256<int> high = Avx2.Permute2x128(a, b, 0x31);
            Butterfly(ref low, ref high, Halves(ref Entry(32 + (2 * group))), Halves(ref EntryTimesInverse(32 + (2 * group))));

            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt32(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt32());
            Butterfly(ref low, ref high, Quarters(ref Entry(64 + (4 * group))), Quarters(ref EntryTimesInverse(64 + (4 * group))));

            (low, high) = (
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0x88).AsInt32(),
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0xDD).AsInt32());
            Vector256<int> zeta = Eighths(ref Entry(128 + (8 * group)));
            Vector256<int> timesInverse = Eighths(ref EntryTimesInverse(128 + (8 * group)));
            Vector256<int> t = Multiply(high, zeta, timesInverse, Odd(zeta), Odd(timesInverse));
            high = low - t;
            low += t;

            (low, high) = (Avx2.UnpackLow(low, high), Avx2.UnpackHigh(low, high));
            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt32(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt32());
            a = Avx2.Permute2x128(low, high, 0x20);
            b = Avx2.Permute2x128(low, high, 0x31);
        }

        // Layers 1, 2 and 4, with zetas from the end of the table backwards.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void InverseShort(ref Vector256<int> a, ref Vector256<int> b, int group)
        {
            Vector256<int> low = Avx2.Permute2x128(a, b, 0x20);
            Vector256<int> high = Avx2.Permute2x128(a, b, 0x31);
            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt32(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt32());
            (low, high) = (
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0x88).AsInt32(),
                Avx.Shuffle(low.AsSingle(), high.AsSingle(), 0xDD).AsInt32());
            Vector256<int> zeta = EighthsReversed(ref Entry(248 - (8 * group)));
            Vector256<int> timesInverse = EighthsReversed(ref EntryTimesInverse(248 - (8 * group)));
            Vector256<int> t = low;
            low = t + high;
            high = Multiply(high - t, zeta, timesInverse, Odd(zeta), Odd(timesInverse));

            (low, high) = (Avx2.UnpackLow(low, high), Avx2.UnpackHigh(low, high));
            InverseButterfly(ref low, ref high, QuartersReversed(ref Entry(124 - (4 * group))), QuartersReversed(ref EntryTimesInverse(124 - (4 * group))));

            (low, high) = (
                Avx2.UnpackLow(low.AsInt64(), high.AsInt64()).AsInt32(),
                Avx2.UnpackHigh(low.AsInt64(), high.AsInt64()).AsInt32());
            InverseButterfly(ref low, ref high, HalvesReversed(ref Entry(62 - (2 * group))), HalvesReversed(ref EntryTimesInverse(62 - (2 * group))));
            a = Avx2.Permute2x128(low, high, 0x20);
            b = Avx2.Permute2x128(low, high, 0x31);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Butterfly(ref Vector256<int> a, ref Vector256<int> b, int k) =>
            Butterfly(ref a, ref b, Vector256.Create(Entry(k)), Vector256.Create(EntryTimesInverse(k)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Butterfly(ref Vector256<int> a, ref Vector256<int> b, Vector256<int> zeta, Vector256<int> timesInverse)
        {
            Vector256<int> t = Multiply(b, zeta, timesInverse);
            b = a - t;
            a += t;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void InverseButterfly(ref Vector256<int> a, ref Vector256<int> b, int k) =>
            InverseButterfly(ref a, ref b, Vector256.Create(Entry(k)), Vector256.Create(EntryTimesInverse(k)));

        // The table holds ζ and the inverse needs −ζ⁻¹ = the mirrored entry, so the difference is taken the other way round.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void InverseButterfly(ref Vector256<int> a, ref Vector256<int> b, Vector256<int> zeta, Vector256<int> timesInverse)
        {
            Vector256<int> t = a;
            a = t + b;
            b = Multiply(b - t, zeta, timesInverse);
        }

        // For factors equal in both 32-bit halves of each 64-bit lane.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Multiply(Vector256<int> a, Vector256<int> zeta, Vector256<int> timesInverse) =>
            Multiply(a, zeta, timesInverse, zeta, timesInverse);

        // a·ζ − m·q with m = a·ζ·q⁻¹ mod 2³², even and odd lanes apart; the high halves are the result.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Multiply(Vector256<int> a, Vector256<int> zeta, Vector256<int> timesInverse, Vector256<int> zetaOdd, Vector256<int> timesInverseOdd)
        {
            Vector256<int> modulus = Vector256.Create(MlDsaField.Q);
            Vector256<int> aOdd = Odd(a);
            Vector256<long> even = Avx2.Multiply(a, zeta) - Avx2.Multiply(Avx2.Multiply(a, timesInverse).AsInt32(), modulus);
            Vector256<long> odd = Avx2.Multiply(aOdd, zetaOdd) - Avx2.Multiply(Avx2.Multiply(aOdd, timesInverseOdd).AsInt32(), modulus);
            return Avx2.Blend(Odd(even.AsInt32()), odd.AsInt32(), 0xAA);
        }

        // Montgomery reduction of 64-bit sums.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Reduce(Vector256<long> even, Vector256<long> odd)
        {
            Vector256<int> inverse = Vector256.Create(MlDsaField.QInverse);
            Vector256<int> modulus = Vector256.Create(MlDsaField.Q);
            even -= Avx2.Multiply(Avx2.Multiply(even.AsInt32(), inverse).AsInt32(), modulus);
            odd -= Avx2.Multiply(Avx2.Multiply(odd.AsInt32(), inverse).AsInt32(), modulus);
            return Avx2.Blend(Odd(even.AsInt32()), odd.AsInt32(), 0xAA);
        }

        // Each odd lane into the even lane before it.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Odd(Vector256<int> a) => Avx2.Shuffle(a, 0xF5);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Halves(ref int entry) =>
            Avx2.PermuteVar8x32(Vector256.Create(Unsafe.As<int, long>(ref entry)).AsInt32(), Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> HalvesReversed(ref int entry) =>
            Avx2.PermuteVar8x32(Vector256.Create(Unsafe.As<int, long>(ref entry)).AsInt32(), Vector256.Create(1, 1, 1, 1, 0, 0, 0, 0));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Quarters(ref int entry) =>
            Avx2.PermuteVar8x32(Unsafe.As<int, Vector128<int>>(ref entry).ToVector256Unsafe(), Vector256.Create(0, 0, 1, 1, 2, 2, 3, 3));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> QuartersReversed(ref int entry) =>
            Avx2.PermuteVar8x32(Unsafe.As<int, Vector128<int>>(ref entry).ToVector256Unsafe(), Vector256.Create(3, 3, 2, 2, 1, 1, 0, 0));

        // The shuffles before layer 1 leave pairs in the order 0, 2, 1, 3 within each half.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Eighths(ref int entry) => Avx2.Shuffle(Unsafe.As<int, Vector256<int>>(ref entry), 0xD8);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> EighthsReversed(ref int entry) =>
            Avx2.PermuteVar8x32(Unsafe.As<int, Vector256<int>>(ref entry), Vector256.Create(7, 5, 6, 4, 3, 1, 2, 0));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ref int Entry(int k) => ref Unsafe.Add(ref MemoryMarshal.GetReference(MlDsaZetas.Montgomery), k);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static ref int EntryTimesInverse(int k) => ref Unsafe.Add(ref MemoryMarshal.GetReference(MlDsaZetas.MontgomeryTimesInverse), k);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Load(ref int source, int index) => Vector256.LoadUnsafe(ref source, (nuint)index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(ref int target, int index, Vector256<int> value) => value.StoreUnsafe(ref target, (nuint)index);
    }
}
