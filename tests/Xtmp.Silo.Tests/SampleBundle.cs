using System.Security.Cryptography;
using System.Text;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Bundles that hold.</summary>
internal static class SampleBundle
{
    private static readonly DateTimeOffset Start = new(2026, 11, 21, 9, 0, 0, TimeSpan.Zero);

    public const string NodeId = "node-1";

    /// <summary>The ledger node of all bundles made here.</summary>
    public static readonly IdentityKey Node = IdentityKey.Generate(SystemEntropy.Instance);

    /// <param name="id">Bundle id.</param>
    /// <param name="network">Network of the silo it is for.</param>
    /// <param name="transactions">How many transactions.</param>
    public static PoEProofBundle Create(string id, string network, int transactions = 3) => NodeSigning.Seal(Unsigned(id, transactions), network, Node, SystemEntropy.Instance);

    private static PoEProofBundle Unsigned(string id, int transactions) => new()
    {
        BundleId = id,
        BundleHash = new byte[32],
        TransactionCount = (uint)transactions,
        TotalValue = 0,
        CreatedAt = Start,
        HyperledgerProof = new HyperledgerProof { ChannelId = "channel", BlockNumber = 7, TxId = "tx", BlockHash = Hash("block"), Endorsements = [] },
        NotaryApprovals = [],
        ImmutableProof = new ImmutableProof { ProofHash = Hash("proof"), MerkleRoot = new byte[32], BlockHeight = 3, Timestamp = Start },
        BpiLedgerMetadata = new BpiLedgerMetadata { NodeId = NodeId, LedgerVersion = "1.0.0", ConsensusAlgorithm = "BPI-IBFT", NetworkId = "test" },
        Transactions = [.. Enumerable.Range(1, transactions).Select(Transaction)],
    };

    private static BundleTransaction Transaction(int number) => new()
    {
        TxId = $"tx-{number}",
        From = Hash($"from {number}"),
        To = Hash($"to {number}"),
        Amount = (ulong)number,
        Currency = "XTM",
        Timestamp = Start.AddMilliseconds(number),
        PayloadHash = Hash($"payload {number}"),
    };

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
