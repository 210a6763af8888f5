using System.Text.Json.Serialization;
using Xtmp.Messages;

namespace Xtmp.Benchmarks;

/// <summary>The same messages as plain classes for System.Text.Json, bytes in base64 as it writes them by itself.</summary>
internal static class JsonPeer
{
    public static readonly JsonTransaction Transaction = new()
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

    public static readonly JsonBundle Bundle = Of(CodecSamples.Bundle);

    private static JsonBundle Of(PoEProofBundle bundle) => new()
    {
        BundleId = bundle.BundleId,
        BundleHash = bundle.BundleHash.ToArray(),
        TransactionCount = bundle.TransactionCount,
        TotalValue = (ulong)bundle.TotalValue,
        CreatedAt = bundle.CreatedAt,
        HyperledgerProof = new JsonHyperledgerProof
        {
            ChannelId = bundle.HyperledgerProof.ChannelId,
            BlockNumber = bundle.HyperledgerProof.BlockNumber,
            TxId = bundle.HyperledgerProof.TxId,
            BlockHash = bundle.HyperledgerProof.BlockHash.ToArray(),
            Endorsements = [.. bundle.HyperledgerProof.Endorsements.Select(e => new JsonEndorsement { MspId = e.MspId, Signature = e.Signature.ToArray(), EndorsedAt = e.EndorsedAt })],
        },
        NotaryApprovals = [.. bundle.NotaryApprovals.Select(a => new JsonApproval { NotaryId = a.NotaryId, Approved = a.Approved, Signature = a.Signature.ToArray(), ApprovedAt = a.ApprovedAt })],
        ImmutableProof = new JsonImmutableProof
        {
            ProofHash = bundle.ImmutableProof.ProofHash.ToArray(),
            MerkleRoot = bundle.ImmutableProof.MerkleRoot.ToArray(),
            BlockHeight = bundle.ImmutableProof.BlockHeight,
            Timestamp = bundle.ImmutableProof.Timestamp,
        },
        BpiLedgerMetadata = new JsonLedgerMetadata
        {
            NodeId = bundle.BpiLedgerMetadata.NodeId,
            LedgerVersion = bundle.BpiLedgerMetadata.LedgerVersion,
            ConsensusAlgorithm = bundle.BpiLedgerMetadata.ConsensusAlgorithm,
            NetworkId = bundle.BpiLedgerMetadata.NetworkId,
        },
        Transactions = [.. bundle.Transactions.Select(t => new JsonBundleTransaction
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

internal sealed class JsonTransaction
{
    public required byte[] OperationId { get; init; }
    public required byte[] From { get; init; }
    public required byte[] To { get; init; }
    public required ulong Amount { get; init; }
    public required string Currency { get; init; }
    public required ulong Nonce { get; init; }
    public string? Memo { get; init; }
    public required byte[] Signature { get; init; }
    public byte[]? PqSignature { get; init; }
}

internal sealed class JsonBundle
{
    public required string BundleId { get; init; }
    public required byte[] BundleHash { get; init; }
    public required uint TransactionCount { get; init; }
    public required ulong TotalValue { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required JsonHyperledgerProof HyperledgerProof { get; init; }
    public required JsonApproval[] NotaryApprovals { get; init; }
    public required JsonImmutableProof ImmutableProof { get; init; }
    public required JsonLedgerMetadata BpiLedgerMetadata { get; init; }
    public required JsonBundleTransaction[] Transactions { get; init; }
}

internal sealed class JsonHyperledgerProof
{
    public required string ChannelId { get; init; }
    public required ulong BlockNumber { get; init; }
    public required string TxId { get; init; }
    public required byte[] BlockHash { get; init; }
    public required JsonEndorsement[] Endorsements { get; init; }
}

internal sealed class JsonEndorsement
{
    public required string MspId { get; init; }
    public required byte[] Signature { get; init; }
    public required DateTimeOffset EndorsedAt { get; init; }
}

internal sealed class JsonApproval
{
    public required string NotaryId { get; init; }
    public required bool Approved { get; init; }
    public required byte[] Signature { get; init; }
    public required DateTimeOffset ApprovedAt { get; init; }
}

internal sealed class JsonImmutableProof
{
    public required byte[] ProofHash { get; init; }
    public required byte[] MerkleRoot { get; init; }
    public required ulong BlockHeight { get; init; }
    public required DateTimeOffset Timestamp { get; init; }
}

internal sealed class JsonLedgerMetadata
{
    public required string NodeId { get; init; }
    public required string LedgerVersion { get; init; }
    public required string ConsensusAlgorithm { get; init; }
    public required string NetworkId { get; init; }
}

internal sealed class JsonBundleTransaction
{
    public required string TxId { get; init; }
    public required byte[] From { get; init; }
    public required byte[] To { get; init; }
    public required ulong Amount { get; init; }
    public string? Currency { get; init; }
    public required DateTimeOffset Timestamp { get; init; }
    public required byte[] PayloadHash { get; init; }
}

[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(JsonTransaction))]
[JsonSerializable(typeof(JsonBundle))]
internal sealed partial class JsonPeerContext : JsonSerializerContext;
