using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Xtmp.Crypto;

/// <summary>
/// Additions, rounding, norms and hints over whole polynomials, FIPS 204 section 7.4: in vectors where the processor has
/// 256-bit ones, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static partial class MlDsaRounding
{
    /// <summary>result ← result + addend mod q, in [−6283009, 6283008].</summary>
    public static void AddReduced(Span<int> result, ReadOnlySpan<int> addend)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.AddReduced(result, addend);
        }
        else
        {
            Scalar.AddReduced(result, addend);
        }
    }

    /// <summary>result ← result − subtrahend mod q, in [−6283009, 6283008].</summary>
    public static void SubtractReduced(Span<int> result, ReadOnlySpan<int> subtrahend)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.SubtractReduced(result, subtrahend);
        }
        else
        {
            Scalar.SubtractReduced(result, subtrahend);
        }
    }

    /// <summary>Every coefficient mod q, in [−6283009, 6283008].</summary>
    public static void Centre(Span<int> f)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.Centre(f);
        }
        else
        {
            Scalar.Centre(f);
        }
    }

    /// <summary>Power2Round of t in (−q, q): t₁ in place, t₀ to <paramref name="low"/>.</summary>
    public static void Power2Round(Span<int> t, Span<int> low)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.Power2Round(t, low);
        }
        else
        {
            Scalar.Power2Round(t, low);
        }
    }

    /// <summary>HighBits and LowBits, FIPS 204 algorithms 37 and 38, of w in (−q, q): w₁ to high, w₀ in place.</summary>
    public static void Decompose(Span<int> w, Span<int> high)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.Decompose(w, high);
        }
        else
        {
            Scalar.Decompose(w, high);
        }
    }

    /// <summary>
    /// Whether ‖f‖∞ ≥ bound, for coefficients in [−6283009, 6283008] taken as centred (a bound of at most (q − 1)/8
    /// makes the difference void). All coefficients are read, so that time does not tell which one exceeded.
    /// </summary>
    public static bool ExceedsNorm(ReadOnlySpan<int> f, int bound) => Vector256.IsHardwareAccelerated
        ? Vector.ExceedsNorm(f, bound)
        : Scalar.ExceedsNorm(f, bound);

    /// <summary>
    /// MakeHint, FIPS 204 algorithm 39, in the form that needs only the low part: with r = w − cs₂ + ct₀ split as
    /// high·2γ₂ + low, the high bits change exactly when low &gt; γ₂, low &lt; −γ₂, or low = −γ₂ with high ≠ 0.
    /// </summary>
    /// <returns>Ones in the hint.</returns>
    public static int MakeHint(Span<int> hint, ReadOnlySpan<int> low, ReadOnlySpan<int> high) => Vector256.IsHardwareAccelerated
        ? Vector.MakeHint(hint, low, high)
        : Scalar.MakeHint(hint, low, high);

    /// <summary>UseHint, FIPS 204 algorithm 40, over w in (−q, q), in place.</summary>
    [PublicData("Verification sees public data only.")]
    public static void UseHint(Span<int> w, ReadOnlySpan<int> hint)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.UseHint(w, hint);
        }
        else
        {
            Scalar.UseHint(w, hint);
        }
    }

    /// <summary>f ← f · 2^D, for coefficients below 2¹⁰.</summary>
    [PublicData("Verification sees public data only.")]
    public static void ShiftByD(Span<int> f)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            Vector.ShiftByD(f);
        }
        else
        {
            Scalar.ShiftByD(f);
        }
    }

    /// <summary><see cref="MlDsaRounding"/> one coefficient at a time, where there are no vectors and as the reference of the vector code.</summary>
    internal static class Scalar
    {
        /// <summary>result ← result + addend mod q, in [−6283009, 6283008].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddReduced(Span<int> result, ReadOnlySpan<int> addend)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                result[i] = MlDsaField.Reduce(result[i] + addend[i]);
            }
        }

        /// <summary>result ← result − subtrahend mod q, in [−6283009, 6283008].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void SubtractReduced(Span<int> result, ReadOnlySpan<int> subtrahend)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                result[i] = MlDsaField.Reduce(result[i] - subtrahend[i]);
            }
        }

        /// <summary>Every coefficient mod q, in [−6283009, 6283008].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Centre(Span<int> f)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                f[i] = MlDsaField.Reduce(f[i]);
            }
        }

        /// <summary>Power2Round of t in (−q, q): t₁ in place, t₀ to <paramref name="low"/>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Power2Round(Span<int> t, Span<int> low)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                t[i] = MlDsaField.Power2Round(MlDsaField.AddQ(t[i]), out low[i]);
            }
        }

        /// <summary>HighBits and LowBits, FIPS 204 algorithms 37 and 38, of w in (−q, q): w₁ to high, w₀ in place.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Decompose(Span<int> w, Span<int> high)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                high[i] = MlDsaField.Decompose(MlDsaField.AddQ(w[i]), out w[i]);
            }
        }

        /// <summary>
        /// Whether ‖f‖∞ ≥ bound, for coefficients in [−6283009, 6283008] taken as centred (a bound of at most (q − 1)/8
        /// makes the difference void). All coefficients are read, so that time does not tell which one exceeded.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static bool ExceedsNorm(ReadOnlySpan<int> f, int bound)
        {
            int excess = 0;
            for (int i = 0; i < MlDsaField.N; i++)
            {
                int sign = f[i] >> 31;
                int magnitude = (f[i] ^ sign) - sign;
                excess |= (bound - 1) - magnitude;
            }

            return excess < 0;
        }

        /// <summary>
        /// MakeHint, FIPS 204 algorithm 39, in the form that needs only the low part: with r = w − cs₂ + ct₀ split as
        /// high·2γ₂ + low, the high bits change exactly when low &gt; γ₂, low &lt; −γ₂, or low = −γ₂ with high ≠ 0.
        /// </summary>
        /// <returns>Ones in the hint.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static int MakeHint(Span<int> hint, ReadOnlySpan<int> low, ReadOnlySpan<int> high)
        {
            int ones = 0;
            for (int i = 0; i < MlDsaField.N; i++)
            {
                int above = (MlDsaField.Gamma2 - low[i]) >>> 31;
                int below = (low[i] + MlDsaField.Gamma2) >>> 31;
                int distance = low[i] + MlDsaField.Gamma2;
                int edge = ~((distance | -distance) >> 31) & (-high[i] >>> 31);
                hint[i] = above | below | edge;
                ones += hint[i];
            }

            return ones;
        }

        /// <summary>UseHint, FIPS 204 algorithm 40, over w in (−q, q), in place.</summary>
        [PublicData("Verification sees public data only.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void UseHint(Span<int> w, ReadOnlySpan<int> hint)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                w[i] = MlDsaField.UseHint(MlDsaField.AddQ(w[i]), hint[i]);
            }
        }

        /// <summary>f ← f · 2^D, for coefficients below 2¹⁰.</summary>
        [PublicData("Verification sees public data only.")]
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void ShiftByD(Span<int> f)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                f[i] <<= MlDsaField.D;
            }
        }
    }
}
