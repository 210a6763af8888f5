using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Xtmp.Crypto;

internal static partial class MlDsaRounding
{
    /// <summary><see cref="MlDsaRounding"/> on eight coefficients at a time, in the portable vector operations of .NET.</summary>
    internal static class Vector
    {
        private const int Lanes = 8;

        /// <inheritdoc cref="MlDsaRounding.AddReduced"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddReduced(Span<int> result, ReadOnlySpan<int> addend)
        {
            ref int target = ref MemoryMarshal.GetReference(result[..MlDsaField.N]);
            ref int other = ref MemoryMarshal.GetReference(addend[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Store(ref target, i, Reduce(Load(ref target, i) + Load(ref other, i)));
            }
        }

        /// <inheritdoc cref="MlDsaRounding.SubtractReduced"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void SubtractReduced(Span<int> result, ReadOnlySpan<int> subtrahend)
        {
            ref int target = ref MemoryMarshal.GetReference(result[..MlDsaField.N]);
            ref int other = ref MemoryMarshal.GetReference(subtrahend[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Store(ref target, i, Reduce(Load(ref target, i) - Load(ref other, i)));
            }
        }

        /// <inheritdoc cref="MlDsaRounding.Centre"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Centre(Span<int> f)
        {
            ref int target = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Store(ref target, i, Reduce(Load(ref target, i)));
            }
        }

        /// <inheritdoc cref="MlDsaRounding.Power2Round"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Power2Round(Span<int> t, Span<int> low)
        {
            ref int target = ref MemoryMarshal.GetReference(t[..MlDsaField.N]);
            ref int rest = ref MemoryMarshal.GetReference(low[..MlDsaField.N]);
            Vector256<int> round = Vector256.Create((1 << (MlDsaField.D - 1)) - 1);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Vector256<int> a = AddQ(Load(ref target, i));
                Vector256<int> high = (a + round) >> MlDsaField.D;
                Store(ref rest, i, a - (high << MlDsaField.D));
                Store(ref target, i, high);
            }
        }

        /// <inheritdoc cref="MlDsaRounding.Decompose"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Decompose(Span<int> w, Span<int> high)
        {
            ref int target = ref MemoryMarshal.GetReference(w[..MlDsaField.N]);
            ref int upper = ref MemoryMarshal.GetReference(high[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Store(ref upper, i, Decompose(AddQ(Load(ref target, i)), out Vector256<int> low));
                Store(ref target, i, low);
            }
        }

        /// <inheritdoc cref="MlDsaRounding.ExceedsNorm"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static bool ExceedsNorm(ReadOnlySpan<int> f, int bound)
        {
            ref int source = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            Vector256<int> largest = Vector256.Create(bound - 1);
            Vector256<int> excess = Vector256<int>.Zero;
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                excess |= largest - Vector256.Abs(Load(ref source, i));
            }

            return excess.ExtractMostSignificantBits() != 0;
        }

        /// <inheritdoc cref="MlDsaRounding.MakeHint"/>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int MakeHint(Span<int> hint, ReadOnlySpan<int> low, ReadOnlySpan<int> high)
        {
            ref int target = ref MemoryMarshal.GetReference(hint[..MlDsaField.N]);
            ref int rest = ref MemoryMarshal.GetReference(low[..MlDsaField.N]);
            ref int upper = ref MemoryMarshal.GetReference(high[..MlDsaField.N]);
            Vector256<int> limit = Vector256.Create(MlDsaField.Gamma2);
            Vector256<int> count = Vector256<int>.Zero;
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Vector256<int> value = Load(ref rest, i);
                Vector256<int> beyond = Vector256.GreaterThan(Vector256.Abs(value), limit);
                Vector256<int> edge = Vector256.AndNot(Vector256.Equals(value, -limit), Vector256.Equals(Load(ref upper, i), Vector256<int>.Zero));
                Vector256<int> ones = beyond | edge;
                count -= ones;
                Store(ref target, i, -ones);
            }

            return Vector256.Sum(count);
        }

        /// <inheritdoc cref="MlDsaRounding.UseHint"/>
        [PublicData("Verification sees public data only.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void UseHint(Span<int> w, ReadOnlySpan<int> hint)
        {
            ref int target = ref MemoryMarshal.GetReference(w[..MlDsaField.N]);
            ref int hints = ref MemoryMarshal.GetReference(hint[..MlDsaField.N]);
            Vector256<int> one = Vector256<int>.One;
            Vector256<int> mask = Vector256.Create(15);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Vector256<int> high = Decompose(AddQ(Load(ref target, i)), out Vector256<int> low);
                Vector256<int> step = Vector256.ConditionalSelect(Vector256.GreaterThan(low, Vector256<int>.Zero), one, -one);
                Vector256<int> given = -Load(ref hints, i);
                Store(ref target, i, (high + (given & step)) & mask);
            }
        }

        /// <inheritdoc cref="MlDsaRounding.ShiftByD"/>
        [PublicData("Verification sees public data only.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void ShiftByD(Span<int> f)
        {
            ref int target = ref MemoryMarshal.GetReference(f[..MlDsaField.N]);
            for (int i = 0; i < MlDsaField.N; i += Lanes)
            {
                Store(ref target, i, Load(ref target, i) << MlDsaField.D);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Reduce(Vector256<int> a) =>
            a - (((a + Vector256.Create(1 << 22)) >> 23) * Vector256.Create(MlDsaField.Q));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> AddQ(Vector256<int> a) => a + ((a >> 31) & Vector256.Create(MlDsaField.Q));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Decompose(Vector256<int> a, out Vector256<int> low)
        {
            Vector256<int> high = (a + Vector256.Create(127)) >> 7;
            high = ((high * Vector256.Create(1025)) + Vector256.Create(1 << 21)) >> 22;
            high &= Vector256.Create(15);
            low = a - (high * Vector256.Create(2 * MlDsaField.Gamma2));
            low -= ((Vector256.Create((MlDsaField.Q - 1) >> 1) - low) >> 31) & Vector256.Create(MlDsaField.Q);
            return high;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Load(ref int source, int index) => Vector256.LoadUnsafe(ref source, (nuint)index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Store(ref int target, int index, Vector256<int> value) => value.StoreUnsafe(ref target, (nuint)index);
    }
}
