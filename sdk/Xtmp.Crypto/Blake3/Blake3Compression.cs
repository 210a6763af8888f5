using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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

    /// <summary>Which word of the message each step of each round takes: the permutation of table 2, applied 0 to 6 times.</summary>
    private static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];

    /// <summary>
    /// Mixes the 16 words at <paramref name="state"/> with the 16 of <paramref name="message"/>, in place. A round is
    /// written out rather than made of calls, because the just-in-time compiler inlines only so many of them.
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
        ref byte schedule = ref MemoryMarshal.GetReference(Schedule);
        for (int round = 0; round < 7 * 16; round += 16)
        {
            ref byte order = ref Unsafe.Add(ref schedule, round);
            v0 = O.Add(O.Add(v0, v4), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 0)));
            v1 = O.Add(O.Add(v1, v5), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 2)));
            v2 = O.Add(O.Add(v2, v6), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 4)));
            v3 = O.Add(O.Add(v3, v7), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 6)));
            v12 = O.RotateRight(O.Xor(v12, v0), 16);
            v13 = O.RotateRight(O.Xor(v13, v1), 16);
            v14 = O.RotateRight(O.Xor(v14, v2), 16);
            v15 = O.RotateRight(O.Xor(v15, v3), 16);
            v8 = O.Add(v8, v12);
            v9 = O.Add(v9, v13);
            v10 = O.Add(v10, v14);
            v11 = O.Add(v11, v15);
            v4 = O.RotateRight(O.Xor(v4, v8), 12);
            v5 = O.RotateRight(O.Xor(v5, v9), 12);
            v6 = O.RotateRight(O.Xor(v6, v10), 12);
            v7 = O.RotateRight(O.Xor(v7, v11), 12);
            v0 = O.Add(O.Add(v0, v4), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 1)));
            v1 = O.Add(O.Add(v1, v5), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 3)));
            v2 = O.Add(O.Add(v2, v6), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 5)));
            v3 = O.Add(O.Add(v3, v7), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 7)));
            v12 = O.RotateRight(O.Xor(v12, v0), 8);
            v13 = O.RotateRight(O.Xor(v13, v1), 8);
            v14 = O.RotateRight(O.Xor(v14, v2), 8);
            v15 = O.RotateRight(O.Xor(v15, v3), 8);
            v8 = O.Add(v8, v12);
            v9 = O.Add(v9, v13);
            v10 = O.Add(v10, v14);
            v11 = O.Add(v11, v15);
            v4 = O.RotateRight(O.Xor(v4, v8), 7);
            v5 = O.RotateRight(O.Xor(v5, v9), 7);
            v6 = O.RotateRight(O.Xor(v6, v10), 7);
            v7 = O.RotateRight(O.Xor(v7, v11), 7);
            v0 = O.Add(O.Add(v0, v5), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 8)));
            v1 = O.Add(O.Add(v1, v6), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 10)));
            v2 = O.Add(O.Add(v2, v7), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 12)));
            v3 = O.Add(O.Add(v3, v4), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 14)));
            v15 = O.RotateRight(O.Xor(v15, v0), 16);
            v12 = O.RotateRight(O.Xor(v12, v1), 16);
            v13 = O.RotateRight(O.Xor(v13, v2), 16);
            v14 = O.RotateRight(O.Xor(v14, v3), 16);
            v10 = O.Add(v10, v15);
            v11 = O.Add(v11, v12);
            v8 = O.Add(v8, v13);
            v9 = O.Add(v9, v14);
            v5 = O.RotateRight(O.Xor(v5, v10), 12);
            v6 = O.RotateRight(O.Xor(v6, v11), 12);
            v7 = O.RotateRight(O.Xor(v7, v8), 12);
            v4 = O.RotateRight(O.Xor(v4, v9), 12);
            v0 = O.Add(O.Add(v0, v5), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 9)));
            v1 = O.Add(O.Add(v1, v6), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 11)));
            v2 = O.Add(O.Add(v2, v7), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 13)));
            v3 = O.Add(O.Add(v3, v4), Unsafe.Add(ref message, (nuint)Unsafe.Add(ref order, 15)));
            v15 = O.RotateRight(O.Xor(v15, v0), 8);
            v12 = O.RotateRight(O.Xor(v12, v1), 8);
            v13 = O.RotateRight(O.Xor(v13, v2), 8);
            v14 = O.RotateRight(O.Xor(v14, v3), 8);
            v10 = O.Add(v10, v15);
            v11 = O.Add(v11, v12);
            v8 = O.Add(v8, v13);
            v9 = O.Add(v9, v14);
            v5 = O.RotateRight(O.Xor(v5, v10), 7);
            v6 = O.RotateRight(O.Xor(v6, v11), 7);
            v7 = O.RotateRight(O.Xor(v7, v8), 7);
            v4 = O.RotateRight(O.Xor(v4, v9), 7);
        }

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
}
