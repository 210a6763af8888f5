using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>
/// Arithmetic modulo q = 8380417 for single coefficients and the constants of ML-DSA-87, FIPS 204 table 1. Montgomery
/// and Barrett-like reductions only: no branch and no division.
/// </summary>
[SecretHandling]
internal static class MlDsaField
{
    public const int Q = 8380417;
    public const int N = 256;

    /// <summary>Rows of A.</summary>
    public const int K = 8;

    /// <summary>Columns of A.</summary>
    public const int L = 7;

    /// <summary>Bits dropped from t.</summary>
    public const int D = 13;

    /// <summary>Non-zero coefficients of the challenge.</summary>
    public const int Tau = 60;

    /// <summary>τ·η.</summary>
    public const int Beta = 120;

    /// <summary>Range of the mask.</summary>
    public const int Gamma1 = 1 << 19;

    /// <summary>(q − 1)/32, half the low-order range.</summary>
    public const int Gamma2 = 261888;

    /// <summary>Most ones in the hint.</summary>
    public const int Omega = 75;

    /// <summary>q⁻¹ mod 2³².</summary>
    public const int QInverse = 58728449;

    /// <summary>2⁶⁴/256 mod q: ends the inverse transform and cancels the factor of the pointwise product.</summary>
    public const int InverseScale = 41978;

    /// <summary>a · 2⁻³² mod q in (−q, q), for |a| &lt; q · 2³¹.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MontgomeryReduce(long a)
    {
        int t = (int)a * QInverse;
        return (int)((a - ((long)t * Q)) >> 32);
    }

    /// <summary>a · b · 2⁻³² mod q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Multiply(int a, int b) => MontgomeryReduce((long)a * b);

    /// <summary>a mod q in [−6283009, 6283008], for a ≤ 2³¹ − 2²² − 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reduce(int a) => a - (((a + (1 << 22)) >> 23) * Q);

    /// <summary>Adds q to a negative number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddQ(int a) => a + ((a >> 31) & Q);

    /// <summary>Power2Round, FIPS 204 algorithm 35, for a in [0, q).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Power2Round(int a, out int low)
    {
        int high = (a + (1 << (D - 1)) - 1) >> D;
        low = a - (high << D);
        return high;
    }

    /// <summary>
    /// Decompose, FIPS 204 algorithm 36, for a in [0, q). The division by 2γ₂ is ⌈a/128⌉ · 1025 / 2²², exact over the
    /// whole range (tested for every a); the corner r⁺ − r₀ = q − 1 is the masking to 4 bits and the last line.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decompose(int a, out int low)
    {
        int high = (a + 127) >> 7;
        high = ((high * 1025) + (1 << 21)) >> 22;
        high &= 15;
        low = a - (high * 2 * Gamma2);
        low -= ((((Q - 1) >> 1) - low) >> 31) & Q;
        return high;
    }

    /// <summary>UseHint, FIPS 204 algorithm 40, with m = (q − 1)/(2γ₂) = 16, for a in [0, q).</summary>
    [PublicData("Verification sees public data only.")]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int UseHint(int a, int hint)
    {
        int high = Decompose(a, out int low);
        int step = low > 0 ? 1 : -1;
        return (high + (hint * step)) & 15;
    }
}
