using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>Bundles of about 1 KiB beside their node's signature.</summary>
internal static class SampleBundles
{
    private const int Transactions = 5;

    private static readonly DateTimeOffset Start = new(2026, 11, 28, 9, 0, 0, TimeSpan.Zero);

    public static PoEProofBundle Make(string id, string nodeId, string network, IdentityKey node) => NodeSigning.Seal(
        new PoEProofBundle
        {
            BundleId = id,
            BundleHash = new byte[32],
            TransactionCount = Transactions,
            TotalValue = 0,
            CreatedAt = Start,
            HyperledgerProof = new HyperledgerProof { ChannelId = "channel", BlockNumber = 7, TxId = id, BlockHash = new byte[32], Endorsements = [] },
            NotaryApprovals = [],
            ImmutableProof = new ImmutableProof { ProofHash = new byte[32], MerkleRoot = new byte[32], BlockHeight = 3, Timestamp = Start },
            BpiLedgerMetadata = new BpiLedgerMetadata { NodeId = nodeId, LedgerVersion = "1.0.0", ConsensusAlgorithm = "BPI-IBFT", NetworkId = "bench" },
            Transactions =
            [
                .. Enumerable.Range(0, Transactions).Select(number => new BundleTransaction
                {
                    TxId = $"{id}/{number}",
                    From = new byte[32],
                    To = new byte[32],
                    Amount = (ulong)number + 1,
                    Currency = "XTM",
                    Timestamp = Start,
                    PayloadHash = new byte[32],
                }),
            ],
        },
        network,
        node,
        SystemEntropy.Instance);
}
