using System.Buffers.Binary;
using System.Numerics;
using BitChat.Messages;
using Xtmp.Crypto;

namespace BitChat.Peer;

/// <summary>
/// How the seats of an epoch make the coin's key together (Pedersen; Feldman's sharing): every seat deals a random polynomial,
/// its coefficients committed to, its value at each seat masked for that seat. The key is the sum of the dealings that qualify;
/// a seat's share of it is the sum of what it was dealt, and nobody ever holds the whole.
/// <para>A dealer that deals last can choose among few keys. That does not help it: what the coin shows is a hash of a point
/// that nobody can compute before enough shares are told.</para>
/// </summary>
public static class CoinDealings
{
    /// <summary>Shares that make the coin: all seats but those that may be Byzantine.</summary>
    public static int Threshold(SeatSet seats)
    {
        ArgumentNullException.ThrowIfNull(seats);
        return seats.Count - seats.MaxFaults;
    }

    /// <summary>Deals.</summary>
    /// <param name="group">The group.</param>
    /// <param name="seats">Whom to.</param>
    /// <param name="dealer">This seat.</param>
    /// <param name="seed">32 secret bytes. The same ones deal the same in the same epoch, so that a restart changes nothing.</param>
    public static CoinDealing Deal(CoinGroup group, SeatSet seats, int dealer, ReadOnlySpan<byte> seed)
    {
        ArgumentNullException.ThrowIfNull(group);
        var threshold = Threshold(seats);
        byte[] text = [.. "BITCHAT1 dealing"u8, .. Context(seats, dealer), .. seed];
        var polynomial = Enumerable.Range(0, threshold).Select(power => group.HashToScalar([.. text, (byte)power])).ToArray();
        var ephemeral = group.HashToScalar([.. text, 0xFF]);
        var ephemeralKey = group.Encode(group.Multiply(group.Generator, ephemeral));
        return new CoinDealing
        {
            Commitments = [.. polynomial.Select(coefficient => (ReadOnlyMemory<byte>)group.Encode(group.Multiply(group.Generator, coefficient)))],
            EphemeralKey = ephemeralKey,
            MaskedShares = [.. seats.Seats.Select(seat =>
            {
                var value = polynomial.Reverse().Aggregate(BigInteger.Zero, (sum, coefficient) => group.Reduce((sum * (seat.Number + 1)) + coefficient));
                var key = group.Decode(seat.DealKey.Span) ?? throw new InvalidOperationException($"Seat {seat.Number} has no deal key.");
                return (ReadOnlyMemory<byte>)Mask(seats, dealer, seat.Number, group.Encode(group.Multiply(key, ephemeral)), CoinGroup.EncodeScalar(value));
            })],
        };
    }

    /// <summary>True where a dealing has the right counts and its points are points.</summary>
    public static bool IsWellFormed(CoinGroup group, SeatSet seats, CoinDealing dealing)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(dealing);
        return dealing.Commitments.Count == Threshold(seats)
            && dealing.MaskedShares.Count == seats.Count
            && group.Decode(dealing.EphemeralKey.Span) is not null
            && dealing.Commitments.All(commitment => group.Decode(commitment.Span) is not null);
    }

    /// <summary>What a seat was dealt; null where it contradicts the commitments.</summary>
    public static BigInteger? Open(CoinGroup group, SeatSet seats, int dealer, CoinDealing dealing, int self, BigInteger dealSecret)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(dealing);
        return group.Decode(dealing.EphemeralKey.Span) is { } ephemeral ? Open(group, seats, dealer, dealing, self, group.Encode(group.Multiply(ephemeral, dealSecret))) : null;
    }

    /// <summary>Shows what the share was masked with, so that all can see it is wrong. Nothing else was masked with it.</summary>
    public static CoinComplaint Complain(CoinGroup group, SeatSet seats, int dealer, CoinDealing dealing, int self, BigInteger dealSecret)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(dealing);
        var ephemeral = group.Decode(dealing.EphemeralKey.Span) ?? throw new ArgumentException("The dealing is malformed.", nameof(dealing));
        return new CoinComplaint
        {
            Dealer = (byte)dealer,
            SharedPoint = group.Encode(group.Multiply(ephemeral, dealSecret)),
            Proof = Dleq.Prove(group, ComplaintContext(seats, dealer, self), ephemeral, dealSecret),
        };
    }

    /// <summary>True where the complaint proves that the dealer dealt this seat a wrong share.</summary>
    public static bool IsJust(CoinGroup group, SeatSet seats, CoinDealing dealing, int complainer, CoinComplaint complaint)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(seats);
        ArgumentNullException.ThrowIfNull(dealing);
        ArgumentNullException.ThrowIfNull(complaint);
        return group.Decode(complaint.SharedPoint.Span) is { } shared
            && group.Decode(dealing.EphemeralKey.Span) is { } ephemeral
            && group.Decode(seats[complainer].DealKey.Span) is { } key
            && Dleq.Verify(group, ComplaintContext(seats, complaint.Dealer, complainer), ephemeral, key, shared, complaint.Proof)
            && Open(group, seats, complaint.Dealer, dealing, complainer, complaint.SharedPoint.ToArray()) is null;
    }

    /// <summary>
    /// A seat's public share of the coin made of these dealings, 33 bytes; null where it is nothing, which a seat that deals last can
    /// make of its own: such a seat has no part in rolls.
    /// </summary>
    public static ReadOnlyMemory<byte>? KeyOf(CoinGroup group, IEnumerable<CoinDealing> dealings, int seat)
    {
        ArgumentNullException.ThrowIfNull(group);
        var key = group.Encode(dealings.Select(dealing => Evaluate(group, dealing, seat)).Aggregate(group.Add));
        return group.Decode(key) is null ? default(ReadOnlyMemory<byte>?) : key;
    }

    private static BigInteger? Open(CoinGroup group, SeatSet seats, int dealer, CoinDealing dealing, int seat, byte[] shared)
    {
        var share = group.DecodeScalar(Mask(seats, dealer, seat, shared, dealing.MaskedShares[seat].ToArray()));
        return share is { } value && group.Encode(group.Multiply(group.Generator, value)).AsSpan().SequenceEqual(group.Encode(Evaluate(group, dealing, seat))) ? value : null;
    }

    /// <summary>The polynomial's value at a seat, times the generator.</summary>
    private static GroupPoint Evaluate(CoinGroup group, CoinDealing dealing, int seat) =>
        dealing.Commitments.Reverse().Select(commitment => group.Decode(commitment.Span)!).Aggregate((sum, coefficient) => group.Add(group.Multiply(sum, seat + 1), coefficient));

    private static byte[] Mask(SeatSet seats, int dealer, int seat, byte[] shared, byte[] share)
    {
        var mask = Sha256.HashData([.. "BITCHAT1 share"u8, .. Context(seats, dealer), (byte)seat, .. shared]);
        for (var i = 0; i < share.Length; i++)
        {
            mask[i] ^= share[i];
        }

        return mask;
    }

    private static byte[] ComplaintContext(SeatSet seats, int dealer, int complainer) => [.. "BITCHAT1 complaint"u8, .. Context(seats, dealer), (byte)complainer];

    private static byte[] Context(SeatSet seats, int dealer)
    {
        var epoch = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(epoch, seats.Epoch);
        return [.. seats.Game.Span, .. epoch, (byte)dealer];
    }
}
