using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>
/// Arithmetic modulo q = 3329 for single coefficients, FIPS 203 section 2.4.1, by Montgomery and Barrett reduction:
/// no branch and no division, also where the just-in-time compiler does not optimise.
/// </summary>
[SecretHandling]
internal static class MlKemField
{
    public const int Q = 3329;

    /// <summary>Coefficients of a polynomial.</summary>
    public const int N = 256;

    /// <summary>Rank of the module, ML-KEM-1024.</summary>
    public const int K = 4;

    /// <summary>q⁻¹ mod 2¹⁶, signed.</summary>
    public const short QInverse = -3327;

    /// <summary>2³² mod q: multiplying by it puts a number into Montgomery form.</summary>
    public const short MontgomerySquared = 1353;

    /// <summary>2³²/128 mod q: ends the inverse transform and cancels the factor the pointwise product left.</summary>
    public const short InverseScale = 1441;

    /// <summary>a · 2⁻¹⁶ mod q in (−q, q), for |a| &lt; q · 2¹⁵.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short MontgomeryReduce(int a)
    {
        short t = (short)((short)a * QInverse);
        return (short)((a - (t * Q)) >> 16);
    }

    /// <summary>a · b · 2⁻¹⁶ mod q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Multiply(short a, short b) => MontgomeryReduce(a * b);

    /// <summary>a mod± q, in [−q/2, q/2]; 20159 = ⌊2²⁶/q⌉.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short BarrettReduce(short a)
    {
        int t = ((20159 * a) + (1 << 25)) >> 26;
        return (short)(a - (t * Q));
    }

    /// <summary>The representative in [0, q) of a in (−q, q).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Canonical(short a) => a + ((a >> 15) & Q);

    /// <summary>
    /// Compress_d, FIPS 203 equation 4.7, for d = 11: ⌈2¹¹/q · x⌋ mod 2¹¹ for x in [0, q). The division is a
    /// multiplication by ⌈2³¹/q⌉, exact for these x (tested for every one).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compress11(int x) => (int)(((((ulong)(uint)x << 11) + 1664) * 645084) >> 31) & 0x7FF;

    /// <summary>Compress_d for d = 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compress5(int x) => (int)(((((uint)x << 5) + 1664) * 40318) >> 27) & 0x1F;

    /// <summary>Compress_d for d = 1, the step that recovers a message bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compress1(int x) => (int)(((((uint)x << 1) + 1665) * 80635) >> 28) & 1;

    /// <summary>Decompress_d, FIPS 203 equation 4.8: ⌈q/2^d · y⌋.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Decompress(int y, int bits) => (short)(((y * Q) + (1 << (bits - 1))) >> bits);
}
