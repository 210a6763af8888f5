using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>One block in general registers.</summary>
[SecretHandling]
internal readonly struct ScalarWord : IWordOperations<uint>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint a, uint b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Xor(uint a, uint b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight(uint a, [ConstantExpected] byte count) => BitOperations.RotateRight(a, count);
}
