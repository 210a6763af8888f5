using System.Buffers.Binary;
using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>Names of peers, and what players and peers sign outside of agreement.</summary>
public static class PeerIds
{
    /// <summary>SHA-256 of the Ed25519 key.</summary>
    public static byte[] Of(ReadOnlySpan<byte> ed25519Key) => Sha256.HashData(ed25519Key);

    /// <summary>"BITCHAT1 operation", game id, and the operation's fields before the signature; integers are big-endian, the body comes last.</summary>
    public static byte[] OperationText(ReadOnlySpan<byte> game, GameOperation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        Span<byte> sequence = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(sequence, operation.Sequence);
        return [.. "BITCHAT1 operation"u8, .. game, .. operation.OperationId.Span, .. operation.Player.Span, .. sequence, .. operation.Body.Span];
    }

    /// <summary>"BITCHAT1 join", game id, and the canonical encoding of the request with 64 zero bytes for its signature.</summary>
    public static byte[] JoinText(ReadOnlySpan<byte> game, JoinRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return [.. "BITCHAT1 join"u8, .. game, .. ((IXtmpStruct)(request with { RequestSignature = new byte[64] })).ToBytes()];
    }

    /// <summary>"BITCHAT1 checkpoint", game id, epoch, height and operation index as u64, state root and seat-set hash.</summary>
    public static byte[] CheckpointText(ReadOnlySpan<byte> game, ulong epoch, ulong height, ulong operationIndex, ReadOnlySpan<byte> stateRoot, ReadOnlySpan<byte> seatSetHash)
    {
        var numbers = new byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(numbers, epoch);
        BinaryPrimitives.WriteUInt64BigEndian(numbers.AsSpan(8), height);
        BinaryPrimitives.WriteUInt64BigEndian(numbers.AsSpan(16), operationIndex);
        return [.. "BITCHAT1 checkpoint"u8, .. game, .. numbers, .. stateRoot, .. seatSetHash];
    }

    /// <summary>SHA-256 over "BITCHAT1 message" and the canonical encoding.</summary>
    public static byte[] MessageId(SignedContent content) => LabelledHash.Of("BITCHAT1 message"u8, content);

    public static byte[] EnvelopeText(ReadOnlySpan<byte> messageId) => [.. "BITCHAT1 envelope"u8, .. messageId];
}
