using Google.Protobuf;
using Xtmp.Benchmarks.Protobuf;
using Messages = Xtmp.Messages;

namespace Xtmp.Benchmarks;

/// <summary>The same messages as protoc generates them; times are microseconds in int64, as in our schema.</summary>
internal static class ProtobufPeer
{
    public static readonly WalletTransaction Transaction = new()
    {
        OperationId = Bytes(CodecSamples.Transaction.OperationId),
        From = Bytes(CodecSamples.Transaction.From),
        To = Bytes(CodecSamples.Transaction.To),
        Amount = CodecSamples.Transaction.Amount,
        Currency = CodecSamples.Transaction.Currency,
        Nonce = CodecSamples.Transaction.Nonce,
        Memo = CodecSamples.Transaction.Memo,
        Signature = Bytes(CodecSamples.Transaction.Signature),
    };

    public static readonly PoEProofBundle Bundle = Of(CodecSamples.Bundle);

    private static PoEProofBundle Of(Messages.PoEProofBundle bundle)
    {
        var proof = bundle.HyperledgerProof;
        return new PoEProofBundle
        {
            BundleId = bundle.BundleId,
            BundleHash = Bytes(bundle.BundleHash),
            TransactionCount = bundle.TransactionCount,
            TotalValue = (ulong)bundle.TotalValue,
            CreatedAt = Micros(bundle.CreatedAt),
            HyperledgerProof = new HyperledgerProof
            {
                ChannelId = proof.ChannelId,
                BlockNumber = proof.BlockNumber,
                TxId = proof.TxId,
                BlockHash = Bytes(proof.BlockHash),
                Endorsements = { proof.Endorsements.Select(e => new HyperledgerEndorsement { MspId = e.MspId, Signature = Bytes(e.Signature), EndorsedAt = Micros(e.EndorsedAt) }) },
            },
            NotaryApprovals = { bundle.NotaryApprovals.Select(a => new NotaryApproval { NotaryId = a.NotaryId, Approved = a.Approved, Signature = Bytes(a.Signature), ApprovedAt = Micros(a.ApprovedAt) }) },
            ImmutableProof = new ImmutableProof
            {
                ProofHash = Bytes(bundle.ImmutableProof.ProofHash),
                MerkleRoot = Bytes(bundle.ImmutableProof.MerkleRoot),
                BlockHeight = bundle.ImmutableProof.BlockHeight,
                Timestamp = Micros(bundle.ImmutableProof.Timestamp),
            },
            BpiLedgerMetadata = new BpiLedgerMetadata
            {
                NodeId = bundle.BpiLedgerMetadata.NodeId,
                LedgerVersion = bundle.BpiLedgerMetadata.LedgerVersion,
                ConsensusAlgorithm = bundle.BpiLedgerMetadata.ConsensusAlgorithm,
                NetworkId = bundle.BpiLedgerMetadata.NetworkId,
            },
            Transactions = { bundle.Transactions.Select(Of) },
        };
    }

    private static BundleTransaction Of(Messages.BundleTransaction transaction)
    {
        var message = new BundleTransaction
        {
            TxId = transaction.TxId,
            From = Bytes(transaction.From),
            To = Bytes(transaction.To),
            Amount = transaction.Amount,
            Timestamp = Micros(transaction.Timestamp),
            PayloadHash = Bytes(transaction.PayloadHash),
        };
        if (transaction.Currency is not null)
        {
            message.Currency = transaction.Currency;
        }

        return message;
    }

    private static ByteString Bytes(ReadOnlyMemory<byte> bytes) => ByteString.CopyFrom(bytes.Span);

    private static long Micros(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
