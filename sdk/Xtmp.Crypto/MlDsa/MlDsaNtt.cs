using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// The number-theoretic transform of FIPS 204 section 7.5 on polynomials of 256 signed 32-bit coefficients, and the
/// products in its domain: by AVX2 where the processor has it, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static partial class MlDsaNtt
{
    /// <summary>NTT, FIPS 204 algorithm 41. Input |c| &lt; q; output |c| &lt; 9q.</summary>
    public static void Forward(Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            Vector.Forward(f);
        }
        else
        {
            Scalar.Forward(f);
        }
    }

    /// <summary>
    /// NTT⁻¹, FIPS 204 algorithm 42, times 2³²: cancels the 2⁻³² of the products. Input |c| &lt; q; output (−q, q).
    /// </summary>
    public static void Inverse(Span<int> f)
    {
        if (Avx2.IsSupported)
        {
            Vector.Inverse(f);
        }
        else
        {
            Scalar.Inverse(f);
        }
    }

    /// <summary>result ← a ∘ b · 2⁻³², each in (−q, q).</summary>
    public static void Product(Span<int> result, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        if (Avx2.IsSupported)
        {
            Vector.Product(result, a, b);
        }
        else
        {
            Scalar.Product(result, a, b);
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
            Vector.DotProduct(result, row, vector);
        }
        else
        {
            Scalar.DotProduct(result, row, vector);
        }
    }

    /// <summary>
    /// <see cref="MlDsaNtt"/> one coefficient at a time, for processors without AVX2 and as the reference of the vector code.
    /// </summary>
    internal static class Scalar
    {
        /// <summary>NTT, FIPS 204 algorithm 41. Input |c| &lt; q; output |c| &lt; 9q.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Forward(Span<int> f)
        {
            f = f[..MlDsaField.N];
            ReadOnlySpan<int> zetas = MlDsaZetas.Montgomery;
            int k = 1;
            for (int length = 128; length >= 1; length >>= 1)
            {
                for (int start = 0; start < 256; start += 2 * length)
                {
                    int zeta = zetas[k++];
                    for (int j = start; j < start + length; j++)
                    {
                        int t = MlDsaField.Multiply(zeta, f[j + length]);
                        f[j + length] = f[j] - t;
                        f[j] += t;
                    }
                }
            }
        }

        /// <summary>
        /// NTT⁻¹, FIPS 204 algorithm 42, times 2³²: cancels the 2⁻³² of the products. Input |c| &lt; q; output (−q, q).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Inverse(Span<int> f)
        {
            f = f[..MlDsaField.N];
            ReadOnlySpan<int> zetas = MlDsaZetas.Montgomery;
            int k = 255;
            for (int length = 1; length < 256; length <<= 1)
            {
                for (int start = 0; start < 256; start += 2 * length)
                {
                    int zeta = -zetas[k--];
                    for (int j = start; j < start + length; j++)
                    {
                        int t = f[j];
                        f[j] = t + f[j + length];
                        f[j + length] = MlDsaField.Multiply(zeta, t - f[j + length]);
                    }
                }
            }

            for (int j = 0; j < f.Length; j++)
            {
                f[j] = MlDsaField.Multiply(f[j], MlDsaField.InverseScale);
            }
        }

        /// <summary>result ← a ∘ b · 2⁻³², each in (−q, q).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Product(Span<int> result, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                result[i] = MlDsaField.Multiply(a[i], b[i]);
            }
        }

        /// <summary>
        /// Σ aᵢ ∘ bᵢ · 2⁻³² over L polynomials, FIPS 204 algorithm 48, reduced once: 7 products of at most q · 9q stay
        /// below q · 2³¹.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DotProduct(Span<int> result, ReadOnlySpan<int> row, ReadOnlySpan<int> vector)
        {
            for (int i = 0; i < MlDsaField.N; i++)
            {
                long sum = 0;
                for (int j = 0; j < MlDsaField.L; j++)
                {
                    sum += (long)row[(j * MlDsaField.N) + i] * vector[(j * MlDsaField.N) + i];
                }

                result[i] = MlDsaField.MontgomeryReduce(sum);
            }
        }
    }
}
