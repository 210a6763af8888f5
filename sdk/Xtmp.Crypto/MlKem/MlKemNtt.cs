using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// The number-theoretic transform of FIPS 203 section 4.3 on polynomials of 256 signed 16-bit coefficients, and the
/// product in its domain: by AVX2 where the processor has it, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static class MlKemNtt
{
    /// <summary>NTT, FIPS 203 algorithm 9. Input |c| &lt; q; output in [−q/2, q/2].</summary>
    public static void Forward(Span<short> f)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.Forward(f);
        }
        else
        {
            MlKemNttScalar.Forward(f);
        }
    }

    /// <summary>
    /// NTT⁻¹, FIPS 203 algorithm 10, times 2¹⁶: cancels the 2⁻¹⁶ of <see cref="DotProduct"/>. Input |c| ≤ q; output (−q, q).
    /// </summary>
    public static void Inverse(Span<short> f)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.Inverse(f);
        }
        else
        {
            MlKemNttScalar.Inverse(f);
        }
    }

    /// <summary>Every coefficient modulo q, into [−q/2, q/2].</summary>
    public static void Reduce(Span<short> f)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.Reduce(f);
        }
        else
        {
            MlKemNttScalar.Reduce(f);
        }
    }

    /// <summary>
    /// For each pair (b₀, b₁) of a transformed polynomial the pair (b₀, b₁·γ), γ as in FIPS 203 algorithm 11, which
    /// every product with this polynomial needs. Input |c| ≤ q.
    /// </summary>
    public static void Prepare(ReadOnlySpan<short> b, Span<short> prepared)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.Prepare(b, prepared);
        }
        else
        {
            MlKemNttScalar.Prepare(b, prepared);
        }
    }

    /// <summary>
    /// Σᵢ aᵢ ∘ bᵢ · 2⁻¹⁶ over K polynomials, FIPS 203 algorithms 11 and 12. The sums of products stay below q · 2¹⁵, so
    /// that one reduction at the end suffices: 8 terms of at most q² each are 8q² &lt; 2¹⁵ · q.
    /// </summary>
    /// <param name="result">256 coefficients in (−q, q).</param>
    /// <param name="a">The first polynomial; the i-th starts at i · stride. |c| ≤ q.</param>
    /// <param name="stride">256 walks a row of a matrix, 256 · K a column.</param>
    /// <param name="b">K polynomials, one after another, |c| ≤ q.</param>
    /// <param name="prepared">The same after <see cref="Prepare"/>.</param>
    public static void DotProduct(Span<short> result, ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> prepared)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.DotProduct(result, a, stride, b, prepared);
        }
        else
        {
            MlKemNttScalar.DotProduct(result, a, stride, b, prepared);
        }
    }

    /// <summary>result ← result · 2¹⁶ + addend mod q, which undoes the factor of <see cref="DotProduct"/> in place.</summary>
    public static void ToPlainAndAdd(Span<short> result, ReadOnlySpan<short> addend)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.ToPlainAndAdd(result, addend);
        }
        else
        {
            MlKemNttScalar.ToPlainAndAdd(result, addend);
        }
    }

    /// <summary>result ← result + addend mod q, both below q in magnitude.</summary>
    public static void AddReduced(Span<short> result, ReadOnlySpan<short> addend)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.AddReduced(result, addend);
        }
        else
        {
            MlKemNttScalar.AddReduced(result, addend);
        }
    }

    /// <summary>result ← result − subtrahend mod q, both below q in magnitude.</summary>
    public static void SubtractReduced(Span<short> result, ReadOnlySpan<short> subtrahend)
    {
        if (Avx2.IsSupported)
        {
            MlKemNttAvx2.SubtractReduced(result, subtrahend);
        }
        else
        {
            MlKemNttScalar.SubtractReduced(result, subtrahend);
        }
    }
}
