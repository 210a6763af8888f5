using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>
/// The compression function of BLAKE3, section 2.2 of its paper: seven rounds over 16 words, for one block
/// (<see cref="uint"/> words) or for 8 or 16 blocks side by side (vector words). One text serves all widths.
/// </summary>
[SecretHandling]
internal static class Blake3Compression
{
    /// <summary>The initialisation vector, that of SHA-256.</summary>
    public static ReadOnlySpan<uint> InitialValue =>
    [
        0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
    ];

    /// <summary>
    /// Mixes the 16 words at <paramref name="state"/> with the 16 of <paramref name="message"/>, in place. The
    /// permutation of the message between rounds is written out.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Mix<T, O>(ref T state, ref T message)
        where T : struct
        where O : struct, IWordOperations<T>
    {
        T v0 = state;
        T v1 = Unsafe.Add(ref state, 1);
        T v2 = Unsafe.Add(ref state, 2);
        T v3 = Unsafe.Add(ref state, 3);
        T v4 = Unsafe.Add(ref state, 4);
        T v5 = Unsafe.Add(ref state, 5);
        T v6 = Unsafe.Add(ref state, 6);
        T v7 = Unsafe.Add(ref state, 7);
        T v8 = Unsafe.Add(ref state, 8);
        T v9 = Unsafe.Add(ref state, 9);
        T v10 = Unsafe.Add(ref state, 10);
        T v11 = Unsafe.Add(ref state, 11);
        T v12 = Unsafe.Add(ref state, 12);
        T v13 = Unsafe.Add(ref state, 13);
        T v14 = Unsafe.Add(ref state, 14);
        T v15 = Unsafe.Add(ref state, 15);
        T m0 = message;
        T m1 = Unsafe.Add(ref message, 1);
        T m2 = Unsafe.Add(ref message, 2);
        T m3 = Unsafe.Add(ref message, 3);
        T m4 = Unsafe.Add(ref message, 4);
        T m5 = Unsafe.Add(ref message, 5);
        T m6 = Unsafe.Add(ref message, 6);
        T m7 = Unsafe.Add(ref message, 7);
        T m8 = Unsafe.Add(ref message, 8);
        T m9 = Unsafe.Add(ref message, 9);
        T m10 = Unsafe.Add(ref message, 10);
        T m11 = Unsafe.Add(ref message, 11);
        T m12 = Unsafe.Add(ref message, 12);
        T m13 = Unsafe.Add(ref message, 13);
        T m14 = Unsafe.Add(ref message, 14);
        T m15 = Unsafe.Add(ref message, 15);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m0, m1);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m2, m3);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m4, m5);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m6, m7);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m8, m9);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m10, m11);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m12, m13);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m14, m15);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m2, m6);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m3, m10);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m7, m0);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m4, m13);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m1, m11);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m12, m5);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m9, m14);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m15, m8);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m3, m4);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m10, m12);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m13, m2);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m7, m14);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m6, m5);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m9, m0);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m11, m15);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m8, m1);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m10, m7);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m12, m9);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m14, m3);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m13, m15);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m4, m0);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m11, m2);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m5, m8);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m1, m6);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m12, m13);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m9, m11);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m15, m10);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m14, m8);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m7, m2);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m5, m3);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m0, m1);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m6, m4);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m9, m14);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m11, m5);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m8, m12);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m15, m1);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m13, m3);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m0, m10);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m2, m6);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m4, m7);

        Quarter<T, O>(ref v0, ref v4, ref v8, ref v12, m11, m15);
        Quarter<T, O>(ref v1, ref v5, ref v9, ref v13, m5, m0);
        Quarter<T, O>(ref v2, ref v6, ref v10, ref v14, m1, m9);
        Quarter<T, O>(ref v3, ref v7, ref v11, ref v15, m8, m6);
        Quarter<T, O>(ref v0, ref v5, ref v10, ref v15, m14, m10);
        Quarter<T, O>(ref v1, ref v6, ref v11, ref v12, m2, m12);
        Quarter<T, O>(ref v2, ref v7, ref v8, ref v13, m3, m4);
        Quarter<T, O>(ref v3, ref v4, ref v9, ref v14, m7, m13);

        state = v0;
        Unsafe.Add(ref state, 1) = v1;
        Unsafe.Add(ref state, 2) = v2;
        Unsafe.Add(ref state, 3) = v3;
        Unsafe.Add(ref state, 4) = v4;
        Unsafe.Add(ref state, 5) = v5;
        Unsafe.Add(ref state, 6) = v6;
        Unsafe.Add(ref state, 7) = v7;
        Unsafe.Add(ref state, 8) = v8;
        Unsafe.Add(ref state, 9) = v9;
        Unsafe.Add(ref state, 10) = v10;
        Unsafe.Add(ref state, 11) = v11;
        Unsafe.Add(ref state, 12) = v12;
        Unsafe.Add(ref state, 13) = v13;
        Unsafe.Add(ref state, 14) = v14;
        Unsafe.Add(ref state, 15) = v15;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter<T, O>(ref T a, ref T b, ref T c, ref T d, T x, T y)
        where T : struct
        where O : struct, IWordOperations<T>
    {
        a = O.Add(O.Add(a, b), x);
        d = O.RotateRight(O.Xor(d, a), 16);
        c = O.Add(c, d);
        b = O.RotateRight(O.Xor(b, c), 12);
        a = O.Add(O.Add(a, b), y);
        d = O.RotateRight(O.Xor(d, a), 8);
        c = O.Add(c, d);
        b = O.RotateRight(O.Xor(b, c), 7);
    }
}
