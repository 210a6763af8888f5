using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Xtmp.Messages;

/// <summary>
/// The two values of a proof bundle that anybody can recompute: the Merkle root of its transactions and the bundle hash
/// (schema: PoEProofBundle, ImmutableProof).
/// </summary>
public static class BundleHashing
{
    /// <summary>Size of both: SHA-256.</summary>
    public const int HashSize = 32;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>
    /// RFC 6962 Merkle tree hash over the transactions in order. A leaf is SHA-256(0x00 ‖ canonical encoding), a node
    /// SHA-256(0x01 ‖ left ‖ right), and n > 1 leaves are split at the greatest power of two below n.
    /// </summary>
    public static byte[] ComputeMerkleRoot(IReadOnlyList<BundleTransaction> transactions)
    {
        ArgumentNullException.ThrowIfNull(transactions);
        if (transactions.Count == 0)
        {
            return SHA256.HashData([]);
        }

        // Leaf by leaf, whole subtrees are joined as soon as both halves are there: one hash kept a level.
        var pending = new List<byte[]>(capacity: 32);
        for (var index = 0; index < transactions.Count; index++)
        {
            var node = HashLeaf(transactions[index]);
            for (var trailing = BitOperations.TrailingZeroCount(~index); trailing > 0; trailing--)
            {
                node = HashNode(pending[^1], node);
                pending.RemoveAt(pending.Count - 1);
            }

            pending.Add(node);
        }

        var root = pending[^1];
        for (var level = pending.Count - 2; level >= 0; level--)
        {
            root = HashNode(pending[level], root);
        }

        return root;
    }

    /// <summary>
    /// SHA-256 over "XTMP1 bundle", the length of bundle_id as u16 and its UTF-8 bytes, transaction_count as u32,
    /// total_value as u128, created_at in µs as i64, and the Merkle root. Integers are big-endian.
    /// </summary>
    public static byte[] ComputeBundleHash(PoEProofBundle bundle, ReadOnlySpan<byte> merkleRoot)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("XTMP1 bundle"u8);
        Span<byte> number = stackalloc byte[16];
        var id = Encoding.UTF8.GetBytes(bundle.BundleId);
        BinaryPrimitives.WriteUInt16BigEndian(number, checked((ushort)id.Length));
        hash.AppendData(number[..2]);
        hash.AppendData(id);
        BinaryPrimitives.WriteUInt32BigEndian(number, bundle.TransactionCount);
        hash.AppendData(number[..4]);
        BinaryPrimitives.WriteUInt128BigEndian(number, bundle.TotalValue);
        hash.AppendData(number);
        BinaryPrimitives.WriteInt64BigEndian(number, (bundle.CreatedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        hash.AppendData(number[..8]);
        hash.AppendData(merkleRoot);
        return hash.GetHashAndReset();
    }

    /// <summary>The bundle with transaction count, total value, Merkle root and hash computed from its transactions.</summary>
    public static PoEProofBundle Seal(PoEProofBundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var root = ComputeMerkleRoot(bundle.Transactions);
        var total = UInt128.Zero;
        foreach (var transaction in bundle.Transactions)
        {
            total += transaction.Amount;
        }

        var counted = bundle with
        {
            TransactionCount = (uint)bundle.Transactions.Count,
            TotalValue = total,
            ImmutableProof = bundle.ImmutableProof with { MerkleRoot = root },
        };
        return counted with { BundleHash = ComputeBundleHash(counted, root) };
    }

    private static byte[] HashLeaf(BundleTransaction transaction)
    {
        var text = new byte[1 + transaction.GetEncodedSize()];
        text[0] = LeafPrefix;
        transaction.Encode(text.AsSpan(1));
        return SHA256.HashData(text);
    }

    private static byte[] HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> text = stackalloc byte[1 + (2 * HashSize)];
        text[0] = NodePrefix;
        left.CopyTo(text[1..]);
        right.CopyTo(text[(1 + HashSize)..]);
        return SHA256.HashData(text);
    }
}
