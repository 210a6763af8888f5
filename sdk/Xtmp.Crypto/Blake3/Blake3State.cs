using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// The tree of BLAKE3, section 2.1 of its paper, built from the left: the chunk under way and the chaining values of
/// complete subtrees, at most one of each size.
/// </summary>
[SecretHandling]
internal struct Blake3State
{
    /// <summary>Bytes of a leaf.</summary>
    public const int ChunkSize = 1024;

    private const int BlocksInChunk = ChunkSize / Blake3Node.BlockSize;

    /// <summary>2⁵⁴ chunks are more than the 2⁶⁴ bytes that can be hashed.</summary>
    private const int MaxDepth = 54;

    private Blake3Node.Words8 _key;
    private Blake3Flags _mode;
    private Stack _stack;
    private int _depth;
    private ulong _chunks;
    private Blake3Node.Words8 _chunkValue;
    private Blake3Node.Words16 _block;
    private int _blockLength;
    private int _blocks;

    private Blake3State(ReadOnlySpan<uint> key, Blake3Flags mode)
    {
        key.CopyTo(_key);
        key.CopyTo(_chunkValue);
        _mode = mode;
    }

    public static Blake3State ForHash() => new(Blake3Compression.InitialValue, Blake3Flags.None);

    public static Blake3State ForKey(ReadOnlySpan<byte> key) => new(MemoryMarshal.Cast<byte, uint>(key), Blake3Flags.KeyedHash);

    public static Blake3State ForDerivation(ReadOnlySpan<byte> context)
    {
        Blake3State outer = new(Blake3Compression.InitialValue, Blake3Flags.DeriveKeyContext);
        Span<byte> key = stackalloc byte[Blake3.KeySize];
        outer.Append(context);
        outer.Finish(key, 0);
        return new Blake3State(MemoryMarshal.Cast<byte, uint>(key), Blake3Flags.DeriveKeyMaterial);
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (_blocks == 0 && _blockLength == 0 && data.Length > ChunkSize)
            {
                data = data[AppendChunks(data)..];
                continue;
            }

            if (_blockLength == Blake3Node.BlockSize)
            {
                CloseBlock();
                continue;
            }

            int take = Math.Min(Blake3Node.BlockSize - _blockLength, data.Length);
            data[..take].CopyTo(MemoryMarshal.AsBytes((Span<uint>)_block)[_blockLength..]);
            _blockLength += take;
            data = data[take..];
        }
    }

    public readonly void Finish(Span<byte> destination, ulong offset)
    {
        Blake3Node node = ChunkNode(last: true);
        for (int i = _depth - 1; i >= 0; i--)
        {
            Blake3Node parent = ParentNode(((ReadOnlySpan<uint>)_stack).Slice(i * 8, 8));
            node.WriteChainingValue(((Span<uint>)parent.Block)[8..]);
            node = parent;
        }

        node.WriteRoot(offset, destination);
    }

    public void Reset()
    {
        _depth = 0;
        _chunks = 0;
        StartChunk();
    }

    public void Erase() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Blake3State>(ref this)));

    // Whole chunks, many at a time; at least one byte stays behind, since the last chunk may be the root.
    private int AppendChunks(ReadOnlySpan<byte> data)
    {
        Span<uint> values = stackalloc uint[8 * Blake3Chunks.MaxWidth];
        int count = Math.Min((data.Length - 1) >> 10, Blake3Chunks.MaxWidth);
        count = Blake3Chunks.Hash(data, count, _chunks, _key, _mode, values);
        for (int i = 0; i < count; i++)
        {
            PushChunk(values.Slice(i * 8, 8));
        }

        return count * ChunkSize;
    }

    // A full block is compressed only when more input is certain, since the chunk's last block is marked as such.
    private void CloseBlock()
    {
        bool last = _blocks == BlocksInChunk - 1;
        Blake3Node node = ChunkNode(last);
        if (last)
        {
            Span<uint> value = stackalloc uint[8];
            node.WriteChainingValue(value);
            PushChunk(value);
            StartChunk();
            return;
        }

        node.WriteChainingValue(_chunkValue);
        _blocks++;
        ClearBlock();
    }

    // As many merges as the number of chunks has trailing zero bits: each completes a subtree of the next size.
    private void PushChunk(ReadOnlySpan<uint> value)
    {
        Span<uint> stack = _stack;
        Span<uint> merged = stackalloc uint[8];
        value.CopyTo(merged);
        _chunks++;
        for (int merges = BitOperations.TrailingZeroCount(_chunks); merges > 0; merges--)
        {
            _depth--;
            Blake3Node parent = ParentNode(stack.Slice(_depth * 8, 8));
            merged.CopyTo(((Span<uint>)parent.Block)[8..]);
            parent.WriteChainingValue(merged);
        }

        merged.CopyTo(stack.Slice(_depth * 8, 8));
        _depth++;
    }

    private void StartChunk()
    {
        _chunkValue = _key;
        _blocks = 0;
        ClearBlock();
    }

    private void ClearBlock()
    {
        _block = default;
        _blockLength = 0;
    }

    private readonly Blake3Node ChunkNode(bool last) => new()
    {
        ChainingValue = _chunkValue,
        Block = _block,
        Counter = _chunks,
        BlockLength = (uint)_blockLength,
        Flags = _mode
            | (_blocks == 0 ? Blake3Flags.ChunkStart : Blake3Flags.None)
            | (last ? Blake3Flags.ChunkEnd : Blake3Flags.None),
    };

    private readonly Blake3Node ParentNode(ReadOnlySpan<uint> left)
    {
        Blake3Node node = new()
        {
            ChainingValue = _key,
            BlockLength = Blake3Node.BlockSize,
            Flags = _mode | Blake3Flags.Parent,
        };
        left.CopyTo(node.Block);
        return node;
    }

    [InlineArray(8 * MaxDepth)]
    private struct Stack
    {
        private uint _first;
    }
}
