using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Xtmp.Crypto;

/// <summary>
/// KECCAK-p[1600, 24], FIPS 202 section 3.3, for one state (<see cref="ulong"/> lanes) or for 4 or 8 states side by side
/// (vector lanes). One text serves all widths, so that the narrow and the wide permutation cannot drift apart.
/// </summary>
[SecretHandling]
internal static class KeccakPermutation
{
    /// <summary>Lanes of one state: 25 words of 64 bits, 200 bytes.</summary>
    public const int Lanes = 25;

    /// <summary>The constants of the step ι, FIPS 202 algorithm 5. Read as a static blob, hence needing no class initialiser.</summary>
    private static ReadOnlySpan<ulong> RoundConstants =>
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
        0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
        0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    /// <summary>
    /// Permutes one state. Where AVX-512VL gives vectors a rotation and three-operand logic, half-empty vector registers
    /// are faster than the sixteen general ones.
    /// </summary>
    public static void PermuteOne(ref ulong s)
    {
        if (Avx512F.VL.IsSupported)
        {
            Permute<Vector128<ulong>, SoloLane>(ref s);
        }
        else
        {
            Permute<ulong, ScalarLane>(ref s);
        }
    }

    /// <summary>
    /// Permutes 25 lanes in place. Rounds are unrolled by two, so that the state moves from one set of locals to the other
    /// and back without copies; every lane is consumed exactly once by steps θ, ρ, π and χ together.
    /// </summary>
    /// <param name="s">The first word of the interleaved states: lane i of all of them, then lane i + 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Permute<T, O>(ref ulong s)
        where T : struct
        where O : struct, ILaneOperations<T>
    {
        T a0 = O.Load(ref s, 0);
        T a1 = O.Load(ref s, 1);
        T a2 = O.Load(ref s, 2);
        T a3 = O.Load(ref s, 3);
        T a4 = O.Load(ref s, 4);
        T a5 = O.Load(ref s, 5);
        T a6 = O.Load(ref s, 6);
        T a7 = O.Load(ref s, 7);
        T a8 = O.Load(ref s, 8);
        T a9 = O.Load(ref s, 9);
        T a10 = O.Load(ref s, 10);
        T a11 = O.Load(ref s, 11);
        T a12 = O.Load(ref s, 12);
        T a13 = O.Load(ref s, 13);
        T a14 = O.Load(ref s, 14);
        T a15 = O.Load(ref s, 15);
        T a16 = O.Load(ref s, 16);
        T a17 = O.Load(ref s, 17);
        T a18 = O.Load(ref s, 18);
        T a19 = O.Load(ref s, 19);
        T a20 = O.Load(ref s, 20);
        T a21 = O.Load(ref s, 21);
        T a22 = O.Load(ref s, 22);
        T a23 = O.Load(ref s, 23);
        T a24 = O.Load(ref s, 24);
        T e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, e16, e17, e18, e19, e20, e21, e22, e23, e24;
        ref ulong constants = ref MemoryMarshal.GetReference(RoundConstants);
        for (int round = 0; round < 24; round += 2)
        {
            {
                T c0 = O.Xor3(O.Xor3(a0, a5, a10), a15, a20);
                T c1 = O.Xor3(O.Xor3(a1, a6, a11), a16, a21);
                T c2 = O.Xor3(O.Xor3(a2, a7, a12), a17, a22);
                T c3 = O.Xor3(O.Xor3(a3, a8, a13), a18, a23);
                T c4 = O.Xor3(O.Xor3(a4, a9, a14), a19, a24);
                T d0 = O.Xor(c4, O.RotateLeft(c1, 1));
                T d1 = O.Xor(c0, O.RotateLeft(c2, 1));
                T d2 = O.Xor(c1, O.RotateLeft(c3, 1));
                T d3 = O.Xor(c2, O.RotateLeft(c4, 1));
                T d4 = O.Xor(c3, O.RotateLeft(c0, 1));
                T b0 = O.Xor(a0, d0);
                T b1 = O.RotateLeft(O.Xor(a6, d1), 44);
                T b2 = O.RotateLeft(O.Xor(a12, d2), 43);
                T b3 = O.RotateLeft(O.Xor(a18, d3), 21);
                T b4 = O.RotateLeft(O.Xor(a24, d4), 14);
                e0 = O.Xor(O.Chi(b0, b1, b2), O.Broadcast(Unsafe.Add(ref constants, round)));
                e1 = O.Chi(b1, b2, b3);
                e2 = O.Chi(b2, b3, b4);
                e3 = O.Chi(b3, b4, b0);
                e4 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(a3, d3), 28);
                b1 = O.RotateLeft(O.Xor(a9, d4), 20);
                b2 = O.RotateLeft(O.Xor(a10, d0), 3);
                b3 = O.RotateLeft(O.Xor(a16, d1), 45);
                b4 = O.RotateLeft(O.Xor(a22, d2), 61);
                e5 = O.Chi(b0, b1, b2);
                e6 = O.Chi(b1, b2, b3);
                e7 = O.Chi(b2, b3, b4);
                e8 = O.Chi(b3, b4, b0);
                e9 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(a1, d1), 1);
                b1 = O.RotateLeft(O.Xor(a7, d2), 6);
                b2 = O.RotateLeft(O.Xor(a13, d3), 25);
                b3 = O.RotateLeft(O.Xor(a19, d4), 8);
                b4 = O.RotateLeft(O.Xor(a20, d0), 18);
                e10 = O.Chi(b0, b1, b2);
                e11 = O.Chi(b1, b2, b3);
                e12 = O.Chi(b2, b3, b4);
                e13 = O.Chi(b3, b4, b0);
                e14 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(a4, d4), 27);
                b1 = O.RotateLeft(O.Xor(a5, d0), 36);
                b2 = O.RotateLeft(O.Xor(a11, d1), 10);
                b3 = O.RotateLeft(O.Xor(a17, d2), 15);
                b4 = O.RotateLeft(O.Xor(a23, d3), 56);
                e15 = O.Chi(b0, b1, b2);
                e16 = O.Chi(b1, b2, b3);
                e17 = O.Chi(b2, b3, b4);
                e18 = O.Chi(b3, b4, b0);
                e19 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(a2, d2), 62);
                b1 = O.RotateLeft(O.Xor(a8, d3), 55);
                b2 = O.RotateLeft(O.Xor(a14, d4), 39);
                b3 = O.RotateLeft(O.Xor(a15, d0), 41);
                b4 = O.RotateLeft(O.Xor(a21, d1), 2);
                e20 = O.Chi(b0, b1, b2);
                e21 = O.Chi(b1, b2, b3);
                e22 = O.Chi(b2, b3, b4);
                e23 = O.Chi(b3, b4, b0);
                e24 = O.Chi(b4, b0, b1);
            }
            {
                T c0 = O.Xor3(O.Xor3(e0, e5, e10), e15, e20);
                T c1 = O.Xor3(O.Xor3(e1, e6, e11), e16, e21);
                T c2 = O.Xor3(O.Xor3(e2, e7, e12), e17, e22);
                T c3 = O.Xor3(O.Xor3(e3, e8, e13), e18, e23);
                T c4 = O.Xor3(O.Xor3(e4, e9, e14), e19, e24);
                T d0 = O.Xor(c4, O.RotateLeft(c1, 1));
                T d1 = O.Xor(c0, O.RotateLeft(c2, 1));
                T d2 = O.Xor(c1, O.RotateLeft(c3, 1));
                T d3 = O.Xor(c2, O.RotateLeft(c4, 1));
                T d4 = O.Xor(c3, O.RotateLeft(c0, 1));
                T b0 = O.Xor(e0, d0);
                T b1 = O.RotateLeft(O.Xor(e6, d1), 44);
                T b2 = O.RotateLeft(O.Xor(e12, d2), 43);
                T b3 = O.RotateLeft(O.Xor(e18, d3), 21);
                T b4 = O.RotateLeft(O.Xor(e24, d4), 14);
                a0 = O.Xor(O.Chi(b0, b1, b2), O.Broadcast(Unsafe.Add(ref constants, round + 1)));
                a1 = O.Chi(b1, b2, b3);
                a2 = O.Chi(b2, b3, b4);
                a3 = O.Chi(b3, b4, b0);
                a4 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(e3, d3), 28);
                b1 = O.RotateLeft(O.Xor(e9, d4), 20);
                b2 = O.RotateLeft(O.Xor(e10, d0), 3);
                b3 = O.RotateLeft(O.Xor(e16, d1), 45);
                b4 = O.RotateLeft(O.Xor(e22, d2), 61);
                a5 = O.Chi(b0, b1, b2);
                a6 = O.Chi(b1, b2, b3);
                a7 = O.Chi(b2, b3, b4);
                a8 = O.Chi(b3, b4, b0);
                a9 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(e1, d1), 1);
                b1 = O.RotateLeft(O.Xor(e7, d2), 6);
                b2 = O.RotateLeft(O.Xor(e13, d3), 25);
                b3 = O.RotateLeft(O.Xor(e19, d4), 8);
                b4 = O.RotateLeft(O.Xor(e20, d0), 18);
                a10 = O.Chi(b0, b1, b2);
                a11 = O.Chi(b1, b2, b3);
                a12 = O.Chi(b2, b3, b4);
                a13 = O.Chi(b3, b4, b0);
                a14 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(e4, d4), 27);
                b1 = O.RotateLeft(O.Xor(e5, d0), 36);
                b2 = O.RotateLeft(O.Xor(e11, d1), 10);
                b3 = O.RotateLeft(O.Xor(e17, d2), 15);
                b4 = O.RotateLeft(O.Xor(e23, d3), 56);
                a15 = O.Chi(b0, b1, b2);
                a16 = O.Chi(b1, b2, b3);
                a17 = O.Chi(b2, b3, b4);
                a18 = O.Chi(b3, b4, b0);
                a19 = O.Chi(b4, b0, b1);
                b0 = O.RotateLeft(O.Xor(e2, d2), 62);
                b1 = O.RotateLeft(O.Xor(e8, d3), 55);
                b2 = O.RotateLeft(O.Xor(e14, d4), 39);
                b3 = O.RotateLeft(O.Xor(e15, d0), 41);
                b4 = O.RotateLeft(O.Xor(e21, d1), 2);
                a20 = O.Chi(b0, b1, b2);
                a21 = O.Chi(b1, b2, b3);
                a22 = O.Chi(b2, b3, b4);
                a23 = O.Chi(b3, b4, b0);
                a24 = O.Chi(b4, b0, b1);
            }
        }
        O.Store(ref s, 0, a0);
        O.Store(ref s, 1, a1);
        O.Store(ref s, 2, a2);
        O.Store(ref s, 3, a3);
        O.Store(ref s, 4, a4);
        O.Store(ref s, 5, a5);
        O.Store(ref s, 6, a6);
        O.Store(ref s, 7, a7);
        O.Store(ref s, 8, a8);
        O.Store(ref s, 9, a9);
        O.Store(ref s, 10, a10);
        O.Store(ref s, 11, a11);
        O.Store(ref s, 12, a12);
        O.Store(ref s, 13, a13);
        O.Store(ref s, 14, a14);
        O.Store(ref s, 15, a15);
        O.Store(ref s, 16, a16);
        O.Store(ref s, 17, a17);
        O.Store(ref s, 18, a18);
        O.Store(ref s, 19, a19);
        O.Store(ref s, 20, a20);
        O.Store(ref s, 21, a21);
        O.Store(ref s, 22, a22);
        O.Store(ref s, 23, a23);
        O.Store(ref s, 24, a24);
    }
}
