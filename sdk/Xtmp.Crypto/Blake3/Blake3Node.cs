using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xtmp.Crypto;

/// <summary>
/// One application of the compression function, not yet made: a parent, or the last block of a chunk. It can give a
/// chaining value, or, as the root of the tree, any number of output bytes.
/// </summary>
[SecretHandling]
internal struct Blake3Node
{
    public const int BlockSize = 64;

    public Words8 ChainingValue;
    public Words16 Block;
    public ulong Counter;
    public uint BlockLength;
    public Blake3Flags Flags;

    /// <summary>The first half of the output, as input to a parent.</summary>
    public readonly void WriteChainingValue(Span<uint> destination)
    {
        Words16 state = default;
        Compress(ref state, Counter, Flags);
        for (int i = 0; i < 8; i++)
        {
            destination[i] = state[i] ^ state[i + 8];
        }
    }

    /// <summary>Output of the root node from byte offset <paramref name="position"/> on.</summary>
    public readonly void WriteRoot(ulong position, Span<byte> destination)
    {
        Words16 state = default;
        while (!destination.IsEmpty)
        {
            Compress(ref state, position >> 6, Flags | Blake3Flags.Root);
            for (int i = 0; i < 8; i++)
            {
                state[i] ^= state[i + 8];
                state[i + 8] ^= ChainingValue[i];
            }

            int skip = (int)position & (BlockSize - 1);
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes((ReadOnlySpan<uint>)state)[skip..];
            int take = Math.Min(bytes.Length, destination.Length);
            bytes[..take].CopyTo(destination);
            destination = destination[take..];
            position += (uint)take;
        }
    }

    private readonly void Compress(ref Words16 state, ulong counter, Blake3Flags flags)
    {
        ((ReadOnlySpan<uint>)ChainingValue).CopyTo(state);
        Blake3Compression.InitialValue[..4].CopyTo(((Span<uint>)state)[8..]);
        state[12] = (uint)counter;
        state[13] = (uint)(counter >> 32);
        state[14] = BlockLength;
        state[15] = (uint)flags;
        Words16 message = Block;
        Blake3Compression.Mix<uint, ScalarWord>(ref state[0], ref message[0]);
    }

    /// <summary>A chaining value or key.</summary>
    [InlineArray(8)]
    public struct Words8
    {
        private uint _first;
    }

    /// <summary>A message block or state.</summary>
    [InlineArray(16)]
    public struct Words16
    {
        private uint _first;
    }
}
