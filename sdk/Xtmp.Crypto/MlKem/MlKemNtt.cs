using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// The number-theoretic transform of FIPS 203 section 4.3 on polynomials of 256 signed 16-bit coefficients, and the
/// product in its domain: by AVX2 where the processor has it, else coefficient by coefficient.
/// </summary>
[SecretHandling]
internal static partial class MlKemNtt
{
    /// <summary>NTT, FIPS 203 algorithm 9. Input |c| &lt; q; output in [−q/2, q/2].</summary>
    public static void Forward(Span<short> f)
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
    /// NTT⁻¹, FIPS 203 algorithm 10, times 2¹⁶: cancels the 2⁻¹⁶ of <see cref="DotProduct"/>. Input |c| ≤ q; output (−q, q).
    /// </summary>
    public static void Inverse(Span<short> f)
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

    /// <summary>Every coefficient modulo q, into [−q/2, q/2].</summary>
    public static void Reduce(Span<short> f)
    {
        if (Avx2.IsSupported)
        {
            Vector.Reduce(f);
        }
        else
        {
            Scalar.Reduce(f);
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
            Vector.Prepare(b, prepared);
        }
        else
        {
            Scalar.Prepare(b, prepared);
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
            Vector.DotProduct(result, a, stride, b, prepared);
        }
        else
        {
            Scalar.DotProduct(result, a, stride, b, prepared);
        }
    }

    /// <summary>result ← result · 2¹⁶ + addend mod q, which undoes the factor of <see cref="DotProduct"/> in place.</summary>
    public static void ToPlainAndAdd(Span<short> result, ReadOnlySpan<short> addend)
    {
        if (Avx2.IsSupported)
        {
            Vector.ToPlainAndAdd(result, addend);
        }
        else
        {
            Scalar.ToPlainAndAdd(result, addend);
        }
    }

    /// <summary>result ← result + addend mod q, both below q in magnitude.</summary>
    public static void AddReduced(Span<short> result, ReadOnlySpan<short> addend)
    {
        if (Avx2.IsSupported)
        {
            Vector.AddReduced(result, addend);
        }
        else
        {
            Scalar.AddReduced(result, addend);
        }
    }

    /// <summary>result ← result − subtrahend mod q, both below q in magnitude.</summary>
    public static void SubtractReduced(Span<short> result, ReadOnlySpan<short> subtrahend)
    {
        if (Avx2.IsSupported)
        {
            Vector.SubtractReduced(result, subtrahend);
        }
        else
        {
            Scalar.SubtractReduced(result, subtrahend);
        }
    }

    /// <summary>
    /// <see cref="MlKemNtt"/> one coefficient at a time, for processors without AVX2 and as the reference of the vector code.
    /// </summary>
    internal static class Scalar
    {
        /// <summary>NTT, FIPS 203 algorithm 9. Input |c| &lt; q; output in [−q/2, q/2].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Forward(Span<short> f)
        {
            f = f[..MlKemField.N];
            ReadOnlySpan<short> zetas = MlKemZetas.Montgomery;
            int k = 1;
            for (int length = 128; length >= 2; length >>= 1)
            {
                for (int start = 0; start < 256; start += 2 * length)
                {
                    short zeta = zetas[k++];
                    for (int j = start; j < start + length; j++)
                    {
                        short t = MlKemField.Multiply(zeta, f[j + length]);
                        f[j + length] = (short)(f[j] - t);
                        f[j] = (short)(f[j] + t);
                    }
                }
            }

            Reduce(f);
        }

        /// <summary>
        /// NTT⁻¹, FIPS 203 algorithm 10, times 2¹⁶: cancels the 2⁻¹⁶ of the dot product. Input |c| ≤ q; output (−q, q).
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Inverse(Span<short> f)
        {
            f = f[..MlKemField.N];
            ReadOnlySpan<short> zetas = MlKemZetas.Montgomery;
            int k = 127;
            for (int length = 2; length <= 128; length <<= 1)
            {
                for (int start = 0; start < 256; start += 2 * length)
                {
                    short zeta = zetas[k--];
                    for (int j = start; j < start + length; j++)
                    {
                        short t = f[j];
                        f[j] = MlKemField.BarrettReduce((short)(t + f[j + length]));
                        f[j + length] = MlKemField.Multiply(zeta, (short)(f[j + length] - t));
                    }
                }
            }

            for (int j = 0; j < f.Length; j++)
            {
                f[j] = MlKemField.Multiply(f[j], MlKemField.InverseScale);
            }
        }

        /// <summary>Every coefficient modulo q, into [−q/2, q/2].</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Reduce(Span<short> f)
        {
            for (int i = 0; i < f.Length; i++)
            {
                f[i] = MlKemField.BarrettReduce(f[i]);
            }
        }

        /// <summary>
        /// For each pair (b₀, b₁) of a transformed polynomial the pair (b₀, b₁·γ), γ as in FIPS 203 algorithm 11, which
        /// every product with this polynomial needs. Input |c| ≤ q.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Prepare(ReadOnlySpan<short> b, Span<short> prepared)
        {
            b = b[..MlKemField.N];
            prepared = prepared[..MlKemField.N];
            ReadOnlySpan<short> zetas = MlKemZetas.Montgomery;
            for (int i = 0; i < 64; i++)
            {
                short zeta = zetas[64 + i];
                prepared[4 * i] = b[4 * i];
                prepared[(4 * i) + 1] = MlKemField.Multiply(b[(4 * i) + 1], zeta);
                prepared[(4 * i) + 2] = b[(4 * i) + 2];
                prepared[(4 * i) + 3] = MlKemField.Multiply(b[(4 * i) + 3], (short)-zeta);
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
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void DotProduct(Span<short> result, ReadOnlySpan<short> a, int stride, ReadOnlySpan<short> b, ReadOnlySpan<short> prepared)
        {
            for (int i = 0; i < MlKemField.N; i += 2)
            {
                int even = 0;
                int odd = 0;
                for (int k = 0; k < MlKemField.K; k++)
                {
                    int x = (k * stride) + i;
                    int y = (k * MlKemField.N) + i;
                    even += (a[x] * prepared[y]) + (a[x + 1] * prepared[y + 1]);
                    odd += (a[x] * b[y + 1]) + (a[x + 1] * b[y]);
                }

                result[i] = MlKemField.MontgomeryReduce(even);
                result[i + 1] = MlKemField.MontgomeryReduce(odd);
            }
        }

        /// <summary>result ← result · 2¹⁶ + addend mod q, which undoes the factor of the dot product in place.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void ToPlainAndAdd(Span<short> result, ReadOnlySpan<short> addend)
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                result[i] = MlKemField.BarrettReduce((short)(MlKemField.Multiply(result[i], MlKemField.MontgomerySquared) + addend[i]));
            }
        }

        /// <summary>result ← result + addend mod q, both below q in magnitude.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddReduced(Span<short> result, ReadOnlySpan<short> addend)
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                result[i] = MlKemField.BarrettReduce((short)(result[i] + addend[i]));
            }
        }

        /// <summary>result ← result − subtrahend mod q, both below q in magnitude.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void SubtractReduced(Span<short> result, ReadOnlySpan<short> subtrahend)
        {
            for (int i = 0; i < MlKemField.N; i++)
            {
                result[i] = MlKemField.BarrettReduce((short)(result[i] - subtrahend[i]));
            }
        }
    }
}
