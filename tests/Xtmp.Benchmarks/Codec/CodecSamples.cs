using Xtmp.Messages;

namespace Xtmp.Benchmarks;

/// <summary>The two messages that are measured, with the same content on every side.</summary>
internal static class CodecSamples
{
    public static readonly WalletTransaction Transaction = new()
    {
        OperationId = Bytes(16, 1),
        From = Bytes(32, 2),
        To = Bytes(32, 3),
        Amount = 125_000,
        Currency = "BPI",
        Nonce = 17,
        Memo = "invoice 2026-1187",
        Signature = Bytes(64, 4),
    };

    public static readonly PoEProofBundle Bundle = new()
    {
        BundleId = "bpi-mainnet-0000000000184467",
        BundleHash = Bytes(32, 5),
        TransactionCount = 2,
        TotalValue = 4_250_000,
        CreatedAt = Time(0),
        HyperledgerProof = new HyperledgerProof
        {
            ChannelId = "bpi-channel-1",
            BlockNumber = 18_446_744,
            TxId = "f3a1c07d5be24c0f8f6f1f0e2d3c4b5a",
            BlockHash = Bytes(32, 6),
            Endorsements = [new HyperledgerEndorsement { MspId = "Org1MSP", Signature = Bytes(71, 7), EndorsedAt = Time(1) }],
        },
        NotaryApprovals =
        [
            new NotaryApproval { NotaryId = "notary-eu-1", Approved = true, Signature = Bytes(4691, 8), ApprovedAt = Time(2) },
            new NotaryApproval { NotaryId = "notary-us-2", Approved = true, Signature = Bytes(4691, 9), ApprovedAt = Time(3) },
        ],
        ImmutableProof = new ImmutableProof { ProofHash = Bytes(32, 10), MerkleRoot = Bytes(32, 11), BlockHeight = 1_234_567, Timestamp = Time(4) },
        BpiLedgerMetadata = new BpiLedgerMetadata { NodeId = "node-7.bpi.example", LedgerVersion = "1.4.2", ConsensusAlgorithm = "BPI-IBFT", NetworkId = "bpi-mainnet" },
        Transactions =
        [
            new BundleTransaction { TxId = "tx-000000000000000001", From = Bytes(32, 12), To = Bytes(32, 13), Amount = 4_000_000, Currency = "BPI", Timestamp = Time(5), PayloadHash = Bytes(32, 14) },
            new BundleTransaction { TxId = "tx-000000000000000002", From = Bytes(32, 15), To = Bytes(32, 16), Amount = 250_000, Timestamp = Time(6), PayloadHash = Bytes(32, 17) },
        ],
    };

    private static DateTimeOffset Time(int second) => new DateTimeOffset(2026, 11, 20, 12, 0, second, TimeSpan.Zero).AddTicks(1_234_560);

    private static byte[] Bytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
