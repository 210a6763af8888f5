using System.Buffers.Binary;
using System.Numerics;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>
/// The coin of Cachin, Kursawe and Shoup: a roll's outcome is a hash of one point to the coin's secret. Enough shares make it,
/// whichever they are; fewer tell nothing of it. So the last to tell can neither foresee the outcome nor keep it back.
/// </summary>
public static class ThresholdCoin
{
    private const long Factorial = 40_320;

    /// <summary>A seat's share of a roll.</summary>
    /// <param name="group">The group.</param>
    /// <param name="seats">The epoch's seats.</param>
    /// <param name="roll">The roll.</param>
    /// <param name="secret">The seat's share of the coin's secret.</param>
    public static CoinShare Share(CoinGroup group, SeatSet seats, ulong roll, BigInteger secret)
    {
        ArgumentNullException.ThrowIfNull(group);
        var context = Context(seats, roll);
        var point = group.HashToPoint(context);
        return new CoinShare { Share = group.Encode(group.Multiply(point, secret)), Proof = Dleq.Prove(group, context, point, secret) };
    }

    /// <summary>True where the share was made with the secret behind the seat's coin key.</summary>
    public static bool Verify(CoinGroup group, SeatSet seats, ulong roll, int seat, CoinShare share)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(share);
        var context = Context(seats, roll);
        return seats.Contains(seat)
            && seats[seat].CoinKey is { } coinKey
            && group.Decode(coinKey.Span) is { } key
            && group.Decode(share.Share.Span) is { } point
            && Dleq.Verify(group, context, group.HashToPoint(context), key, point, share.Proof);
    }

    /// <summary>The outcome, 32 bytes, of verified shares of <see cref="CoinDealings.Threshold"/> distinct seats.</summary>
    public static byte[] Combine(CoinGroup group, SeatSet seats, ulong roll, IReadOnlyList<(int Seat, CoinShare Share)> shares)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(shares);
        var used = shares.Take(CoinDealings.Threshold(seats)).ToArray();
        GroupPoint? sum = null;
        foreach (var (seat, share) in used)
        {
            // Lagrange's factor at 0, times 8!, by which it is whole: so one inversion does for all, and the factors are short.
            var (over, under) = (Factorial, 1L);
            foreach (var (other, _) in used)
            {
                if (other != seat)
                {
                    over *= other + 1;
                    under *= other - seat;
                }
            }

            var part = group.Multiply(group.Decode(share.Share.Span)!, group.Reduce(over / under));
            sum = sum is null ? part : group.Add(sum, part);
        }

        var whole = group.Multiply(sum!, group.Invert(Factorial));
        return Sha256.HashData([.. "BITCHAT1 coin value"u8, .. Context(seats, roll), .. group.Encode(whole)]);
    }

    private static byte[] Context(SeatSet seats, ulong roll)
    {
        ArgumentNullException.ThrowIfNull(seats);
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, seats.Epoch);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), roll);
        return [.. "BITCHAT1 coin"u8, .. seats.Game.Span, .. bytes];
    }
}
