using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Xtmp.Crypto;

/// <summary>Chaining values of whole chunks, as many side by side as the processor's vectors hold.</summary>
[SecretHandling]
internal static class Blake3Chunks
{
    /// <summary>Most chunks hashed by one call.</summary>
    public const int MaxWidth = 16;

    private const int Blocks = Blake3State.ChunkSize / Blake3Node.BlockSize;

    /// <summary>Hashes up to <paramref name="count"/> chunks from the start of the data.</summary>
    /// <param name="counter">Number of the first chunk.</param>
    /// <param name="values">Receives 8 words for each chunk.</param>
    /// <returns>How many chunks were hashed: at least 1, as many as the widest suitable vector has lanes.</returns>
    public static int Hash(ReadOnlySpan<byte> data, int count, ulong counter, ReadOnlySpan<uint> key, Blake3Flags mode, Span<uint> values)
    {
        if (count >= 16 && Vector512.IsHardwareAccelerated)
        {
            HashWide<Vector512<uint>, HexadecaWord>(data, 16, counter, key, mode, values);
            return 16;
        }

        if (count >= 8 && Vector256.IsHardwareAccelerated)
        {
            HashWide<Vector256<uint>, OctoWord>(data, 8, counter, key, mode, values);
            return 8;
        }

        HashWide<uint, ScalarWord>(data, 1, counter, key, mode, values);
        return 1;
    }

    /// <summary>Hashes exactly <paramref name="width"/> chunks in a vector type of that many lanes.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void HashWide<T, O>(ReadOnlySpan<byte> data, int width, ulong counter, ReadOnlySpan<uint> key, Blake3Flags mode, Span<uint> values)
        where T : struct
        where O : struct, IWordOperations<T>
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(data[..(width * Blake3State.ChunkSize)]);
        Span<uint> state = stackalloc uint[16 * MaxWidth];
        Span<uint> message = stackalloc uint[16 * MaxWidth];
        Span<uint> chaining = stackalloc uint[8 * MaxWidth];
        for (int i = 0; i < 8; i++)
        {
            chaining.Slice(i * width, width).Fill(key[i]);
        }

        for (int block = 0; block < Blocks; block++)
        {
            Transpose(words[(block * 16)..], message, width);
            chaining[..(8 * width)].CopyTo(state);
            for (int i = 0; i < 4; i++)
            {
                state.Slice((8 + i) * width, width).Fill(Blake3Compression.InitialValue[i]);
            }

            for (int lane = 0; lane < width; lane++)
            {
                ulong number = counter + (uint)lane;
                state[(12 * width) + lane] = (uint)number;
                state[(13 * width) + lane] = (uint)(number >> 32);
            }

            Blake3Flags flags = mode
                | (block == 0 ? Blake3Flags.ChunkStart : Blake3Flags.None)
                | (block == Blocks - 1 ? Blake3Flags.ChunkEnd : Blake3Flags.None);
            state.Slice(14 * width, width).Fill(Blake3Node.BlockSize);
            state.Slice(15 * width, width).Fill((uint)flags);
            Blake3Compression.Mix<T, O>(ref Unsafe.As<uint, T>(ref state[0]), ref Unsafe.As<uint, T>(ref message[0]));
            for (int i = 0; i < 8; i++)
            {
                ref T low = ref Unsafe.As<uint, T>(ref state[i * width]);
                ref T high = ref Unsafe.As<uint, T>(ref state[(i + 8) * width]);
                Unsafe.As<uint, T>(ref chaining[i * width]) = O.Xor(low, high);
            }
        }

        for (int lane = 0; lane < width; lane++)
        {
            for (int i = 0; i < 8; i++)
            {
                values[(lane * 8) + i] = chaining[(i * width) + lane];
            }
        }
    }

    // Word i of the block of each chunk side by side; chunks are 256 words apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ReadOnlySpan<uint> words, Span<uint> message, int width)
    {
        for (int lane = 0; lane < width; lane++)
        {
            ReadOnlySpan<uint> source = words.Slice(lane * 256, 16);
            for (int i = 0; i < 16; i++)
            {
                message[(i * width) + lane] = source[i];
            }
        }
    }
}
