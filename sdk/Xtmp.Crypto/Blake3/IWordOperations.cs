using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Crypto;

/// <summary>The three operations BLAKE3 needs on a word of 32 bits, or on the same word of several blocks side by side.</summary>
internal interface IWordOperations<T> where T : struct
{
    static abstract T Add(T a, T b);

    static abstract T Xor(T a, T b);

    static abstract T RotateRight(T a, [ConstantExpected] byte count);
}
