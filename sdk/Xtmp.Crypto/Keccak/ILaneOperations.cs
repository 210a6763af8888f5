using System.Diagnostics.CodeAnalysis;

namespace Xtmp.Crypto;

/// <summary>
/// The operations KECCAK needs on a lane of 64 bits, or on the same lane of several states side by side.
/// Implementations are empty structs, so that the just-in-time compiler specialises the permutation for each of them.
/// </summary>
internal interface ILaneOperations<T> where T : struct
{
    /// <summary>Lane <paramref name="index"/> of the states at <paramref name="state"/>.</summary>
    static abstract T Load(ref ulong state, int index);

    static abstract void Store(ref ulong state, int index, T value);

    static abstract T Xor(T a, T b);

    static abstract T Xor3(T a, T b, T c);

    static abstract T RotateLeft(T a, [ConstantExpected] byte count);

    /// <summary>a ⊕ (¬b ∧ c), the step χ of FIPS 202 section 3.2.4.</summary>
    static abstract T Chi(T a, T b, T c);

    static abstract T Broadcast(ulong value);
}
