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

    public static byte[] OfVote(SeatSet seats, ulong height, uint round, VoteKind kind, ReadOnlySpan<byte> valueId) =>
        [.. "BITCHAT1 vote"u8, .. Position(seats, height, round), (byte)kind, .. valueId.IsEmpty ? new byte[32] : valueId];

    public static byte[] OfProposal(SeatSet seats, ulong height, uint round, uint? proofOfLockRound, ReadOnlySpan<byte> valueId)
    {
        Span<byte> lockRound = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(lockRound, proofOfLockRound ?? NoRound);
        return [.. "BITCHAT1 proposal"u8, .. Position(seats, height, round), .. lockRound, .. valueId];
    }

    private static byte[] Position(SeatSet seats, ulong height, uint round)
    {
        ArgumentNullException.ThrowIfNull(seats);
        var bytes = new byte[16 + 8 + 8 + 4];
        seats.Game.Span.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), seats.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), height);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(32), round);
        return bytes;
    }
}
