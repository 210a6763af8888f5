using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// The number-theoretic transform of FIPS 204 section 7.5 on polynomials of 256 signed 32-bit coefficients, and the
/// products in its domain: by AVX2 where the processor has it, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static class MlDsaNtt
{
    /// <summary>NTT, FIPS 204 algorithm 41. Input |c| &lt; q; output |c| &lt; 9q.</summary>
    public static void Forward(Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            MlDsaNttAvx2.Forward(f);
        }
        else
        {
            MlDsaNttScalar.Forward(f);
        }
    }

    /// <summary>
    /// NTT⁻¹, FIPS 204 algorithm 42, times 2³²: cancels the 2⁻³² of the products. Input |c| &lt; q; output (−q, q).
    /// </summary>
    public static void Inverse(Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            MlDsaNttAvx2.Inverse(f);
        }
        else
        {
            MlDsaNttScalar.Inverse(f);
        }
    }

    /// <summary>result ← a ∘ b · 2⁻³², each in (−q, q).</summary>
    public static void Product(Span<int> result, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        if (Avx2.IsSupported)
        {
            MlDsaNttAvx2.Product(result, a, b);
        }
        else
        {
            MlDsaNttScalar.Product(result, a, b);
        }
    }

    /// <summary>
    /// Σ aᵢ ∘ bᵢ · 2⁻³² over L polynomials, FIPS 204 algorithm 48, reduced once: 7 products of at most q · 9q stay
    /// below q · 2³¹.
    /// </summary>
    public static void DotProduct(Span<int> result, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
    {
        if (Avx2.IsSupported)
        {
            MlDsaNttAvx2.DotProduct(result, row, vector);
        }
        else
        {
            MlDsaNttScalar.DotProduct(result, row, vector);
        }
    }
}
