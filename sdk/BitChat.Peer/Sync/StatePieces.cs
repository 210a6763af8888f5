using System.Buffers;
using System.Buffers.Binary;
using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// A state's canonical encoding in pieces of 1,024 bytes under one root, which names their count and their Merkle root, and the
/// state root: the hash of a header, which names height, operations, epoch and seats, and of that root. So both a piece and the
/// seats of a state can be proved by themselves.
/// </summary>
public sealed class StatePieces
{
    public const int PieceSize = 1_024;
    public const int MaxPieces = 256;

    private readonly byte[] _bytes;
    private readonly byte[][] _leaves;

    public StatePieces(TableSnapshot state)
        : this(state, null)
    {
    }

    /// <summary>The same, by what is known of a like state: a piece that has not changed keeps its hash.</summary>
    internal StatePieces(TableSnapshot state, StatePieces? like)
    {
        ArgumentNullException.ThrowIfNull(state);
        _bytes = EncodedOperation.Of(state);
        _leaves = new byte[(_bytes.Length + PieceSize - 1) / PieceSize][];
        for (var piece = 0; piece < _leaves.Length; piece++)
        {
            var data = BytesOf(piece).Span;
            _leaves[piece] = like is not null && piece < like.Count && data.SequenceEqual(like.BytesOf(piece).Span) ? like._leaves[piece] : MerkleTree.HashLeaf(data);
        }

        Root = WithCount(MerkleTree.Root(_leaves), _leaves.Length);
    }

    /// <summary>Root of the pieces.</summary>
    public byte[] Root { get; }

    public int Count => _leaves.Length;

    /// <summary>SHA-256 over the canonical encoding of the seats.</summary>
    public static byte[] HashSeats(IEnumerable<Seat> seats)
    {
        var bytes = new ArrayBufferWriter<byte>(SeatSet.MaxSeats * 256);
        foreach (var seat in seats)
        {
            seat.Encode(bytes);
        }

        return Sha256.HashData(bytes.WrittenSpan);
    }

    /// <summary>The root that seats agree on.</summary>
    public static byte[] StateRoot(ulong height, ulong operationIndex, ulong epoch, ReadOnlySpan<byte> seatSetHash, ReadOnlySpan<byte> piecesRoot)
    {
        var header = new byte[24 + 32];
        BinaryPrimitives.WriteUInt64BigEndian(header, height);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), operationIndex);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(16), epoch);
        seatSetHash.CopyTo(header.AsSpan(24));
        return MerkleTree.HashNode(MerkleTree.HashLeaf(header), piecesRoot);
    }

    private ReadOnlyMemory<byte> BytesOf(int piece) => _bytes.AsMemory(piece * PieceSize, Math.Min(PieceSize, _bytes.Length - (piece * PieceSize)));

    /// <summary>A piece with its proof.</summary>
    public StateChunk PieceAt(int index) => new()
    {
        Index = (ushort)index,
        Count = (ushort)Count,
        Data = BytesOf(index),
        Path = [.. MerkleTree.Path(_leaves, index)],
    };

    /// <summary>The root of pieces that this one leads to; null where it is malformed.</summary>
    public static byte[]? RootOf(StateChunk piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        return piece.Count <= MaxPieces && (piece.Index == piece.Count - 1 ? piece.Data.Length is > 0 and <= PieceSize : piece.Data.Length == PieceSize)
            && MerkleTree.RootOf(MerkleTree.HashLeaf(piece.Data.Span), piece.Index, piece.Count, piece.Path) is { } root
            ? WithCount(root, piece.Count)
            : null;
    }

    /// <summary>Some paths are right for several counts: without the count under the root a piece could claim another than the rest.</summary>
    private static byte[] WithCount(byte[] root, int count) => Sha256.HashData([2, (byte)(count >> 8), (byte)count, .. root]);
}
