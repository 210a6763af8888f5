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
        var label = "BITCHAT1 operation"u8;
        var text = new byte[label.Length + game.Length + operation.OperationId.Length + operation.Player.Length + 8 + operation.Body.Length];
        var rest = text.AsSpan();
        Append(ref rest, label);
        Append(ref rest, game);
        Append(ref rest, operation.OperationId.Span);
        Append(ref rest, operation.Player.Span);
        BinaryPrimitives.WriteUInt64BigEndian(rest, operation.Sequence);
        operation.Body.Span.CopyTo(rest[8..]);
        return text;
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

    private static void Append(ref Span<byte> rest, ReadOnlySpan<byte> item)
    {
        item.CopyTo(rest);
        rest = rest[item.Length..];
    }

    public static byte[] EnvelopeText(ReadOnlySpan<byte> messageId) => [.. "BITCHAT1 envelope"u8, .. messageId];
}
