using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Xtmp.Crypto;

/// <summary>
/// SHAKE over 1, 4 or 8 inputs side by side that share a seed and differ in a short nonce after it, which is how FIPS 203
/// and FIPS 204 expand matrices, secrets and masks. The state is interleaved: word l of instance i stands at l·width + i.
/// </summary>
[SecretHandling]
internal static class KeccakBatch
{
    /// <summary>Most instances any width handles at once.</summary>
    public const int MaxWidth = 8;

    /// <summary>Words of a state buffer that suits every width.</summary>
    public const int StateWords = KeccakPermutation.Lanes * MaxWidth;

    /// <summary>The widest permutation this processor runs natively.</summary>
    public static int Width => Vector512.IsHardwareAccelerated ? 8 : Vector256.IsHardwareAccelerated ? 4 : 1;

    /// <summary>Absorbs seed ‖ nonce for each instance and pads; the inputs must fit one block.</summary>
    /// <param name="state">At least 25·width words.</param>
    /// <param name="seed">Shared by all, a multiple of 8 bytes.</param>
    /// <param name="nonces">One for each instance, little-endian; at least width of them.</param>
    /// <param name="nonceBytes">1 or 2.</param>
    /// <param name="rate">Block size in bytes.</param>
    public static void Start(Span<ulong> state, int width, ReadOnlySpan<byte> seed, ReadOnlySpan<ushort> nonces, int nonceBytes, int rate)
    {
        state = state[..(KeccakPermutation.Lanes * width)];
        state.Clear();
        int seedWords = seed.Length >> 3;
        for (int word = 0; word < seedWords; word++)
        {
            state.Slice(word * width, width).Fill(BinaryPrimitives.ReadUInt64LittleEndian(seed[(word << 3)..]));
        }

        ulong suffix = (ulong)KeccakSponge.ShakeSuffix << (nonceBytes << 3);
        int last = ((rate >> 3) - 1) * width;
        for (int i = 0; i < width; i++)
        {
            state[(seedWords * width) + i] = nonces[i] | suffix;
            state[last + i] ^= 0x8000_0000_0000_0000;
        }
    }

    /// <summary>Permutes all instances; after it each holds its next block of output.</summary>
    public static void Permute(Span<ulong> state, int width)
    {
        ref ulong first = ref state[..(KeccakPermutation.Lanes * width)][0];
        switch (width)
        {
            case 8:
                KeccakPermutation.Permute<Vector512<ulong>, OctoLane>(ref first);
                break;
            case 4:
                KeccakPermutation.Permute<Vector256<ulong>, QuadLane>(ref first);
                break;
            case 1:
                KeccakPermutation.PermuteOne(ref first);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(width), width, "Keccak runs 1, 4 or 8 states side by side.");
        }
    }

    /// <summary>
    /// Copies the current block of every instance: instance i to output[i·stride ..]; blocks whole, rate bytes each.
    /// </summary>
    public static void Extract(ReadOnlySpan<ulong> state, int width, int rate, Span<byte> output, int stride)
    {
        int words = rate >> 3;
        for (int i = 0; i < width; i++)
        {
            Span<ulong> target = MemoryMarshal.Cast<byte, ulong>(output.Slice(i * stride, rate));
            for (int word = 0; word < words; word++)
            {
                target[word] = state[(word * width) + i];
            }
        }
    }
}
