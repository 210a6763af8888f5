using System.Runtime.Intrinsics;

namespace Xtmp.Crypto;

/// <summary>
/// Additions, rounding, norms and hints over whole polynomials, FIPS 204 section 7.4: in vectors where the processor has
/// 256-bit ones, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static class MlDsaRounding
{
    /// <summary>result ← result + addend mod q, in [−6283009, 6283008].</summary>
    public static void AddReduced(Span<int> result, ReadOnlySpan<int> addend)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.AddReduced(result, addend);
        }
        else
        {
            MlDsaRoundingScalar.AddReduced(result, addend);
        }
    }

    /// <summary>result ← result − subtrahend mod q, in [−6283009, 6283008].</summary>
    public static void SubtractReduced(Span<int> result, ReadOnlySpan<int> subtrahend)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.SubtractReduced(result, subtrahend);
        }
        else
        {
            MlDsaRoundingScalar.SubtractReduced(result, subtrahend);
        }
    }

    /// <summary>Every coefficient mod q, in [−6283009, 6283008].</summary>
    public static void Centre(Span<int> f)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.Centre(f);
        }
        else
        {
            MlDsaRoundingScalar.Centre(f);
        }
    }

    /// <summary>Power2Round of t in (−q, q): t₁ in place, t₀ to <paramref name="low"/>.</summary>
    public static void Power2Round(Span<int> t, Span<int> low)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.Power2Round(t, low);
        }
        else
        {
            MlDsaRoundingScalar.Power2Round(t, low);
        }
    }

    /// <summary>HighBits and LowBits, FIPS 204 algorithms 37 and 38, of w in (−q, q): w₁ to high, w₀ in place.</summary>
    public static void Decompose(Span<int> w, Span<int> high)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.Decompose(w, high);
        }
        else
        {
            MlDsaRoundingScalar.Decompose(w, high);
        }
    }

    /// <summary>
    /// Whether ‖f‖∞ ≥ bound, for coefficients in [−6283009, 6283008] taken as centred (a bound of at most (q − 1)/8
    /// makes the difference void). All coefficients are read, so that time does not tell which one exceeded.
    /// </summary>
    public static bool ExceedsNorm(ReadOnlySpan<int> f, int bound) => Vector256.IsHardwareAccelerated
        ? MlDsaRoundingVector.ExceedsNorm(f, bound)
        : MlDsaRoundingScalar.ExceedsNorm(f, bound);

    /// <summary>
    /// MakeHint, FIPS 204 algorithm 39, in the form that needs only the low part: with r = w − cs₂ + ct₀ split as
    /// high·2γ₂ + low, the high bits change exactly when low &gt; γ₂, low &lt; −γ₂, or low = −γ₂ with high ≠ 0.
    /// </summary>
    /// <returns>Ones in the hint.</returns>
    public static int MakeHint(Span<int> hint, ReadOnlySpan<int> low, ReadOnlySpan<int> high) => Vector256.IsHardwareAccelerated
        ? MlDsaRoundingVector.MakeHint(hint, low, high)
        : MlDsaRoundingScalar.MakeHint(hint, low, high);

    /// <summary>UseHint, FIPS 204 algorithm 40, over w in (−q, q), in place.</summary>
    [PublicData("Verification sees public data only.")]
    public static void UseHint(Span<int> w, ReadOnlySpan<int> hint)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.UseHint(w, hint);
        }
        else
        {
            MlDsaRoundingScalar.UseHint(w, hint);
        }
    }

    /// <summary>f ← f · 2^D, for coefficients below 2¹⁰.</summary>
    [PublicData("Verification sees public data only.")]
    public static void ShiftByD(Span<int> f)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            MlDsaRoundingVector.ShiftByD(f);
        }
        else
        {
            MlDsaRoundingScalar.ShiftByD(f);
        }
    }
}
