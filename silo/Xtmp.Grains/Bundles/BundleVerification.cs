using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains;

/// <summary>Recomputes everything of a proof that can be recomputed, and says what does not agree.</summary>
internal static class BundleVerification
{
    /// <returns>Null when the proof holds; otherwise the refusal, which names the field.</returns>
    public static XtmpException? FindFault(PoEProofBundle bundle)
    {
        if (bundle.TransactionCount != bundle.Transactions.Count)
        {
            return Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The bundle holds {bundle.Transactions.Count} transactions and says {bundle.TransactionCount}.", "bundle.transaction_count");
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        var total = UInt128.Zero;
        foreach (var transaction in bundle.Transactions)
        {
            // At most 2^32 amounts below 2^63: the sum cannot leave 128 bits.
            total += transaction.Amount;
            if (!ids.Add(transaction.TxId))
            {
                return Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The transaction '{transaction.TxId}' stands twice in the bundle.", "bundle.transactions");
            }
        }

        if (total != bundle.TotalValue)
        {
            return Refusal.Of(XtmpErrorCode.PayloadInvalid, $"The amounts add up to {total} and the bundle says {bundle.TotalValue}.", "bundle.total_value");
        }

        var root = BundleHashing.ComputeMerkleRoot(bundle.Transactions);
        if (!root.AsSpan().SequenceEqual(bundle.ImmutableProof.MerkleRoot.Span))
        {
            return Refusal.Of(XtmpErrorCode.MerkleRootMismatch, "The Merkle root is not that of the transactions.", "bundle.immutable_proof.merkle_root");
        }

        return BundleHashing.ComputeBundleHash(bundle).AsSpan().SequenceEqual(bundle.BundleHash.Span)
            ? null
            : Refusal.Of(XtmpErrorCode.BundleHashMismatch, "The bundle hash is not that of the bundle.", "bundle.bundle_hash");
    }
}
