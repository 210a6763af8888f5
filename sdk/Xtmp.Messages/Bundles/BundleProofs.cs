using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Messages;

/// <summary>
/// Makes and verifies proofs that a transaction is in a bundle. Who verifies needs the node's public keys, and the notaries'
/// where it wants to know that they approved; the silo that sent the proof need not be trusted.
/// </summary>
public static class BundleProofs
{
    /// <summary>The proof of one transaction.</summary>
    /// <param name="bundle">A whole bundle, with its node's signature.</param>
    /// <param name="index">Which transaction.</param>
    /// <param name="status">Where the bundle stands.</param>
    /// <param name="approvals">Verdicts that were counted.</param>
    public static BundleProofReply Make(PoEProofBundle bundle, int index, BundleStatusCode status, IReadOnlyList<NotaryApproval> approvals)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(approvals);
        var leaves = bundle.Transactions.Select(BundleHashing.HashLeaf).ToArray();
        return new BundleProofReply
        {
            Header = new BundleHeader
            {
                BundleId = bundle.BundleId,
                BundleHash = bundle.BundleHash,
                TransactionCount = bundle.TransactionCount,
                TotalValue = bundle.TotalValue,
                CreatedAt = bundle.CreatedAt,
                HyperledgerProof = bundle.HyperledgerProof,
                ImmutableProof = bundle.ImmutableProof,
                BpiLedgerMetadata = bundle.BpiLedgerMetadata,
                NodeSignature = bundle.NodeSignature!.Value,
            },
            Transaction = bundle.Transactions[index],
            Index = (uint)index,
            Path = [.. MerkleTree.MakePath(leaves, index).Select(hash => (ReadOnlyMemory<byte>)hash)],
            Status = status,
            Approvals = [.. approvals],
        };
    }

    /// <summary>
    /// What is invalid: <see cref="XtmpErrorCode.MerkleRootMismatch"/>, <see cref="XtmpErrorCode.BundleHashMismatch"/>,
    /// <see cref="XtmpErrorCode.SignatureInvalid"/>; or <see cref="XtmpErrorCode.None"/>. What the silo says of the status is
    /// no part of the proof.
    /// </summary>
    /// <param name="proof">The proof.</param>
    /// <param name="network">Name of the network, 1 to 64 bytes.</param>
    /// <param name="node">Keys of the ledger node.</param>
    public static XtmpErrorCode FindFault(BundleProofReply proof, string network, IdentityPublicKey node)
    {
        ArgumentNullException.ThrowIfNull(proof);
        ArgumentNullException.ThrowIfNull(node);
        var header = proof.Header;
        var root = header.ImmutableProof.MerkleRoot;
        if (!MerkleTree.Verify(BundleHashing.HashLeaf(proof.Transaction), proof.Index, header.TransactionCount, proof.Path, root.Span))
        {
            return XtmpErrorCode.MerkleRootMismatch;
        }

        if (!BundleHashing.ComputeBundleHash(header).AsSpan().SequenceEqual(header.BundleHash.Span))
        {
            return XtmpErrorCode.BundleHashMismatch;
        }

        Span<byte> hash = stackalloc byte[NodeSigning.HashSize];
        NodeSigning.HashBundle(network, header.BundleHash.Span, hash);
        return DualSignature.Verify(node, NodeSigning.Label, NodeSigning.Role, hash, header.NodeSignature.Span) ? XtmpErrorCode.None : XtmpErrorCode.SignatureInvalid;
    }

    /// <summary>How many different notaries approved the bundle of the proof, by verdicts that verify.</summary>
    /// <param name="proof">A proof without a fault.</param>
    /// <param name="network">Name of the network.</param>
    /// <param name="notaries">Keys of the notaries, by id.</param>
    public static int CountApprovals(BundleProofReply proof, string network, IReadOnlyDictionary<string, IdentityPublicKey> notaries)
    {
        ArgumentNullException.ThrowIfNull(proof);
        ArgumentNullException.ThrowIfNull(notaries);
        return proof.Approvals
            .Where(approval => approval.Approved
                && notaries.TryGetValue(approval.NotaryId, out var keys)
                && NotarySigning.Verify(approval, proof.Header.BundleHash.Span, network, keys))
            .Select(approval => approval.NotaryId)
            .Distinct(StringComparer.Ordinal)
            .Count();
    }
}
