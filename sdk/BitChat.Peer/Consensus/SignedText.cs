using System.Buffers.Binary;
using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>
/// What seats sign, as bytes: a label, the game id, epoch and height as u64, round as u32, and what is special to each.
/// Integers are big-endian. An absent value is 32 zero bytes, an absent round 0xFFFFFFFF.
/// </summary>
public static class SignedText
{
    private const uint NoRound = uint.MaxValue;

    private const int PositionSize = 16 + 8 + 8 + 4;

    public static byte[] OfVote(SeatSet seats, ulong height, uint round, VoteKind kind, ReadOnlySpan<byte> valueId, uint? proofOfLockRound = null)
    {
        var label = "BITCHAT1 vote"u8;
        var bytes = new byte[label.Length + PositionSize + 1 + (valueId.IsEmpty ? 32 : valueId.Length) + 4];
        var rest = Begin(bytes, label, seats, height, round);
        rest[0] = (byte)kind;
        valueId.CopyTo(rest[1..]);
        BinaryPrimitives.WriteUInt32BigEndian(rest[^4..], proofOfLockRound ?? NoRound);
        return bytes;
    }

    public static byte[] OfProposal(SeatSet seats, ulong height, uint round, uint? proofOfLockRound, ReadOnlySpan<byte> valueId)
    {
        var label = "BITCHAT1 proposal"u8;
        var bytes = new byte[label.Length + PositionSize + 4 + valueId.Length];
        var rest = Begin(bytes, label, seats, height, round);
        BinaryPrimitives.WriteUInt32BigEndian(rest, proofOfLockRound ?? NoRound);
        valueId.CopyTo(rest[4..]);
        return bytes;
    }

    /// <summary>Writes label and position; what is behind them.</summary>
    private static Span<byte> Begin(Span<byte> bytes, ReadOnlySpan<byte> label, SeatSet seats, ulong height, uint round)
    {
        ArgumentNullException.ThrowIfNull(seats);
        label.CopyTo(bytes);
        bytes = bytes[label.Length..];
        seats.Game.Span.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], seats.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], height);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[32..], round);
        return bytes[PositionSize..];
    }
}
