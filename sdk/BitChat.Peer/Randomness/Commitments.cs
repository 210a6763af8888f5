using System.Buffers.Binary;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>
/// Commit and reveal, for tables below 4 seats: each commits to a random value, bound to game, roll and seat, before any is
/// told. Whoever tells last knows the outcome and may keep silent; that is seen, attributed and costs its stakes.
/// </summary>
public static class Commitments
{
    /// <summary>A seat's value for a roll, made of its seed so that a restart reveals the same.</summary>
    public static OpenedCommitment Make(SeatSet seats, int seat, ulong roll, ReadOnlySpan<byte> seed) => new()
    {
        Value = Sha256.HashData([.. "BITCHAT1 roll value"u8, .. Context(seats, seat, roll), .. seed]),
        Nonce = Sha256.HashData([.. "BITCHAT1 roll nonce"u8, .. Context(seats, seat, roll), .. seed]),
    };

    /// <summary>SHA-256 over "BITCHAT1 commit", game id, epoch, roll, seat, value and nonce.</summary>
    public static byte[] Commit(SeatSet seats, int seat, ulong roll, OpenedCommitment opened)
    {
        ArgumentNullException.ThrowIfNull(opened);
        return Sha256.HashData([.. "BITCHAT1 commit"u8, .. Context(seats, seat, roll), .. opened.Value.Span, .. opened.Nonce.Span]);
    }

    /// <summary>True where the commitment is that of the value in any epoch so far. A commitment does not say its epoch: one of an earlier epoch must not look false in a later one.</summary>
    internal static bool Opens(SeatSet seats, int seat, ulong roll, OpenedCommitment opened, ReadOnlySpan<byte> commitment)
    {
        for (var epoch = seats.Epoch; epoch > 0; epoch--)
        {
            if (commitment.SequenceEqual(Sha256.HashData([.. "BITCHAT1 commit"u8, .. Context(seats.Game.Span, epoch, seat, roll), .. opened.Value.Span, .. opened.Nonce.Span])))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The outcome, 32 bytes, of all values in the order of seats.</summary>
    public static byte[] Combine(SeatSet seats, ulong roll, IEnumerable<OpenedCommitment> opened) =>
        Sha256.HashData([.. "BITCHAT1 rolled"u8, .. Context(seats, 0, roll), .. opened.SelectMany(part => part.Value.ToArray())]);

    private static byte[] Context(SeatSet seats, int seat, ulong roll)
    {
        ArgumentNullException.ThrowIfNull(seats);
        return Context(seats.Game.Span, seats.Epoch, seat, roll);
    }

    private static byte[] Context(ReadOnlySpan<byte> game, ulong epoch, int seat, ulong roll)
    {
        var bytes = new byte[17];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, epoch);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), roll);
        bytes[16] = (byte)seat;
        return [.. game, .. bytes];
    }
}
