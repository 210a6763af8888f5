using System.Numerics;
using System.Security.Cryptography;

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
                node = MerkleTree.HashNode(pending[^1], node);
                pending.RemoveAt(pending.Count - 1);
            }

            pending.Add(node);
        }

        var root = pending[^1];
        for (var level = pending.Count - 2; level >= 0; level--)
        {
            root = MerkleTree.HashNode(pending[level], root);
        }

        return root;
    }

    /// <summary>
    /// SHA-256 over "XTMP1 bundle" and the bundle's canonical encoding with 32 zero bytes as bundle_hash, no
    /// transactions, no notary approvals and no node signature. The transactions are in it by their Merkle root; every
    /// other field is in it as it stands.
    /// </summary>
    public static byte[] ComputeBundleHash(PoEProofBundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var hashed = bundle with { BundleHash = new byte[HashSize], Transactions = [], NotaryApprovals = [], NodeSignature = null };
        var label = "XTMP1 bundle"u8;
        var text = new byte[label.Length + hashed.GetEncodedSize()];
        label.CopyTo(text);
        hashed.Encode(text.AsSpan(label.Length));
        return SHA256.HashData(text);
    }

    /// <summary>The same of a header, which has all that goes into it.</summary>
    public static byte[] ComputeBundleHash(BundleHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return ComputeBundleHash(new PoEProofBundle
        {
            BundleId = header.BundleId,
            BundleHash = header.BundleHash,
            TransactionCount = header.TransactionCount,
            TotalValue = header.TotalValue,
            CreatedAt = header.CreatedAt,
            HyperledgerProof = header.HyperledgerProof,
            NotaryApprovals = [],
            ImmutableProof = header.ImmutableProof,
            BpiLedgerMetadata = header.BpiLedgerMetadata,
            Transactions = [],
        });
    }

    /// <summary>The bundle with transaction count, total value, Merkle root and hash computed from its transactions, unsigned.</summary>
    public static PoEProofBundle Complete(PoEProofBundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        var total = UInt128.Zero;
        foreach (var transaction in bundle.Transactions)
        {
            total += transaction.Amount;
        }

        var counted = bundle with
        {
            TransactionCount = (uint)bundle.Transactions.Count,
            TotalValue = total,
            ImmutableProof = bundle.ImmutableProof with { MerkleRoot = ComputeMerkleRoot(bundle.Transactions) },
            NodeSignature = null,
        };
        return counted with { BundleHash = ComputeBundleHash(counted) };
    }

    /// <summary>SHA-256(0x00 ‖ canonical encoding): a leaf of the Merkle tree.</summary>
    public static byte[] HashLeaf(BundleTransaction transaction)
    {
        var text = new byte[1 + transaction.GetEncodedSize()];
        text[0] = LeafPrefix;
        transaction.Encode(text.AsSpan(1));
        return SHA256.HashData(text);
    }
}
