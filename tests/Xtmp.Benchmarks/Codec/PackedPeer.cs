using MemoryPack;
using MessagePack;
using PolyType;
using NumberedKey = Nerdbank.MessagePack.KeyAttribute;

namespace Xtmp.Benchmarks;

/// <summary>The same messages as plain classes for MessagePack-CSharp, MemoryPack and Nerdbank.MessagePack, fields by number.</summary>
internal static class PackedPeer
{
    public static readonly PackedTransaction Transaction = new()
    {
        OperationId = CodecSamples.Transaction.OperationId.ToArray(),
        From = CodecSamples.Transaction.From.ToArray(),
        To = CodecSamples.Transaction.To.ToArray(),
        Amount = CodecSamples.Transaction.Amount,
        Currency = CodecSamples.Transaction.Currency,
        Nonce = CodecSamples.Transaction.Nonce,
        Memo = CodecSamples.Transaction.Memo,
        Signature = CodecSamples.Transaction.Signature.ToArray(),
    };

    public static readonly PackedBundle Bundle = Of(CodecSamples.Bundle);

    private static PackedBundle Of(Messages.PoEProofBundle bundle) => new()
    {
        BundleId = bundle.BundleId,
        BundleHash = bundle.BundleHash.ToArray(),
        TransactionCount = bundle.TransactionCount,
        TotalValue = (ulong)bundle.TotalValue,
        CreatedAt = bundle.CreatedAt,
        HyperledgerProof = new PackedHyperledgerProof
        {
            ChannelId = bundle.HyperledgerProof.ChannelId,
            BlockNumber = bundle.HyperledgerProof.BlockNumber,
            TxId = bundle.HyperledgerProof.TxId,
            BlockHash = bundle.HyperledgerProof.BlockHash.ToArray(),
            Endorsements = [.. bundle.HyperledgerProof.Endorsements.Select(e => new PackedEndorsement { MspId = e.MspId, Signature = e.Signature.ToArray(), EndorsedAt = e.EndorsedAt })],
        },
        NotaryApprovals = [.. bundle.NotaryApprovals.Select(a => new PackedApproval { NotaryId = a.NotaryId, Approved = a.Approved, Signature = a.Signature.ToArray(), ApprovedAt = a.ApprovedAt })],
        ImmutableProof = new PackedImmutableProof
        {
            ProofHash = bundle.ImmutableProof.ProofHash.ToArray(),
            MerkleRoot = bundle.ImmutableProof.MerkleRoot.ToArray(),
            BlockHeight = bundle.ImmutableProof.BlockHeight,
            Timestamp = bundle.ImmutableProof.Timestamp,
        },
        BpiLedgerMetadata = new PackedLedgerMetadata
        {
            NodeId = bundle.BpiLedgerMetadata.NodeId,
            LedgerVersion = bundle.BpiLedgerMetadata.LedgerVersion,
            ConsensusAlgorithm = bundle.BpiLedgerMetadata.ConsensusAlgorithm,
            NetworkId = bundle.BpiLedgerMetadata.NetworkId,
        },
        Transactions = [.. bundle.Transactions.Select(t => new PackedBundleTransaction
        {
            TxId = t.TxId,
            From = t.From.ToArray(),
            To = t.To.ToArray(),
            Amount = t.Amount,
            Currency = t.Currency,
            Timestamp = t.Timestamp,
            PayloadHash = t.PayloadHash.ToArray(),
        })],
    };
}

[MessagePackObject]
[MemoryPackable]
[GenerateShape]
public sealed partial class PackedTransaction
{
    [Key(0)]
    [NumberedKey(0)]
    public byte[] OperationId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public byte[] From { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public byte[] To { get; set; } = null!;

    [Key(3)]
    [NumberedKey(3)]
    public ulong Amount { get; set; }

    [Key(4)]
    [NumberedKey(4)]
    public string Currency { get; set; } = null!;

    [Key(5)]
    [NumberedKey(5)]
    public ulong Nonce { get; set; }

    [Key(6)]
    [NumberedKey(6)]
    public string? Memo { get; set; }

    [Key(7)]
    [NumberedKey(7)]
    public byte[] Signature { get; set; } = null!;

    [Key(8)]
    [NumberedKey(8)]
    public byte[]? PqSignature { get; set; }
}

[MessagePackObject]
[MemoryPackable]
[GenerateShape]
public sealed partial class PackedBundle
{
    [Key(0)]
    [NumberedKey(0)]
    public string BundleId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public byte[] BundleHash { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public uint TransactionCount { get; set; }

    [Key(3)]
    [NumberedKey(3)]
    public ulong TotalValue { get; set; }

    [Key(4)]
    [NumberedKey(4)]
    public DateTimeOffset CreatedAt { get; set; }

    [Key(5)]
    [NumberedKey(5)]
    public PackedHyperledgerProof HyperledgerProof { get; set; } = null!;

    [Key(6)]
    [NumberedKey(6)]
    public PackedApproval[] NotaryApprovals { get; set; } = null!;

    [Key(7)]
    [NumberedKey(7)]
    public PackedImmutableProof ImmutableProof { get; set; } = null!;

    [Key(8)]
    [NumberedKey(8)]
    public PackedLedgerMetadata BpiLedgerMetadata { get; set; } = null!;

    [Key(9)]
    [NumberedKey(9)]
    public PackedBundleTransaction[] Transactions { get; set; } = null!;
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedHyperledgerProof
{
    [Key(0)]
    [NumberedKey(0)]
    public string ChannelId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public ulong BlockNumber { get; set; }

    [Key(2)]
    [NumberedKey(2)]
    public string TxId { get; set; } = null!;

    [Key(3)]
    [NumberedKey(3)]
    public byte[] BlockHash { get; set; } = null!;

    [Key(4)]
    [NumberedKey(4)]
    public PackedEndorsement[] Endorsements { get; set; } = null!;
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedEndorsement
{
    [Key(0)]
    [NumberedKey(0)]
    public string MspId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public byte[] Signature { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public DateTimeOffset EndorsedAt { get; set; }
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedApproval
{
    [Key(0)]
    [NumberedKey(0)]
    public string NotaryId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public bool Approved { get; set; }

    [Key(2)]
    [NumberedKey(2)]
    public byte[] Signature { get; set; } = null!;

    [Key(3)]
    [NumberedKey(3)]
    public DateTimeOffset ApprovedAt { get; set; }
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedImmutableProof
{
    [Key(0)]
    [NumberedKey(0)]
    public byte[] ProofHash { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public byte[] MerkleRoot { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public ulong BlockHeight { get; set; }

    [Key(3)]
    [NumberedKey(3)]
    public DateTimeOffset Timestamp { get; set; }
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedLedgerMetadata
{
    [Key(0)]
    [NumberedKey(0)]
    public string NodeId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public string LedgerVersion { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public string ConsensusAlgorithm { get; set; } = null!;

    [Key(3)]
    [NumberedKey(3)]
    public string NetworkId { get; set; } = null!;
}

[MessagePackObject]
[MemoryPackable]
public sealed partial class PackedBundleTransaction
{
    [Key(0)]
    [NumberedKey(0)]
    public string TxId { get; set; } = null!;

    [Key(1)]
    [NumberedKey(1)]
    public byte[] From { get; set; } = null!;

    [Key(2)]
    [NumberedKey(2)]
    public byte[] To { get; set; } = null!;

    [Key(3)]
    [NumberedKey(3)]
    public ulong Amount { get; set; }

    [Key(4)]
    [NumberedKey(4)]
    public string? Currency { get; set; }

    [Key(5)]
    [NumberedKey(5)]
    public DateTimeOffset Timestamp { get; set; }

    [Key(6)]
    [NumberedKey(6)]
    public byte[] PayloadHash { get; set; } = null!;
}
