using System.Numerics;
using System.Security.Cryptography;
using BitChat.Messages;

namespace BitChat.Peer.Tests.Randomness;

/// <summary>The threshold coin on P-256: sharing, complaints, shares and what they make.</summary>
public sealed class CoinTests
{
    private static readonly P256Group Group = P256Group.Instance;

    private readonly TestTable _table = new(4);

    private SeatSet Seats => _table.Genesis.Seats!;

    [Fact]
    public void any_shares_that_are_enough_make_the_same_outcome()
    {
        var (seats, secrets) = Coin();
        var shares = secrets.Select((secret, seat) => (Seat: seat, Share: ThresholdCoin.Share(Group, seats, 5, secret))).ToArray();
        Assert.All(shares, share => Assert.True(ThresholdCoin.Verify(Group, seats, 5, share.Seat, share.Share)));
        var outcomes = new[] { new[] { 0, 1, 2 }, [1, 2, 3], [0, 1, 3], [0, 2, 3] }
            .Select(subset => Convert.ToHexString(ThresholdCoin.Combine(Group, seats, 5, [.. subset.Select(seat => shares[seat])])));
        Assert.Single(outcomes.Distinct());
    }

    [Fact]
    public void a_share_proves_its_seat_roll_and_epoch()
    {
        var (seats, secrets) = Coin();
        var share = ThresholdCoin.Share(Group, seats, 5, secrets[1]);
        Assert.False(ThresholdCoin.Verify(Group, seats, 6, 1, share));
        Assert.False(ThresholdCoin.Verify(Group, seats, 5, 2, share));
        Assert.False(ThresholdCoin.Verify(Group, new SeatSet(seats.Game, 2, seats.Seats), 5, 1, share));
        Assert.False(ThresholdCoin.Verify(Group, seats, 5, 1, share with { Share = Group.Encode(Group.Generator) }));
        Assert.False(ThresholdCoin.Verify(Group, seats, 5, 1, share with { Proof = share.Proof with { Response = new byte[32] } }));
        Assert.False(ThresholdCoin.Verify(Group, seats, 5, 1, share with { Proof = share.Proof with { Challenge = Enumerable.Repeat((byte)0xFF, 32).ToArray() } }));
        Assert.False(ThresholdCoin.Verify(Group, seats, 5, 1, share with { Share = new byte[33] }));
    }

    [Fact]
    public void a_wrong_share_is_proved_and_a_right_one_cannot_be_complained_of()
    {
        var good = CoinDealings.Deal(Group, Seats, 0, TestTable.Seed(9));
        Assert.NotNull(CoinDealings.Open(Group, Seats, 0, good, 2, _table.Secrets[2].DealSecret));
        var unjust = CoinDealings.Complain(Group, Seats, 0, good, 2, _table.Secrets[2].DealSecret);
        Assert.False(CoinDealings.IsJust(Group, Seats, good, 2, unjust));

        var bad = good with { MaskedShares = [.. good.MaskedShares.Select((share, seat) => seat == 2 ? new byte[32] : share)] };
        Assert.Null(CoinDealings.Open(Group, Seats, 0, bad, 2, _table.Secrets[2].DealSecret));
        Assert.NotNull(CoinDealings.Open(Group, Seats, 0, bad, 1, _table.Secrets[1].DealSecret));
        var just = CoinDealings.Complain(Group, Seats, 0, bad, 2, _table.Secrets[2].DealSecret);
        Assert.True(CoinDealings.IsJust(Group, Seats, bad, 2, just));
        Assert.False(CoinDealings.IsJust(Group, Seats, bad, 1, just));
        Assert.False(CoinDealings.IsJust(Group, Seats, bad, 2, just with { SharedPoint = Group.Encode(Group.Generator) }));
    }

    [Fact]
    public void a_dealing_is_the_same_after_a_restart_and_another_in_another_epoch()
    {
        Assert.Equal(CoinDealings.Deal(Group, Seats, 0, TestTable.Seed(9)), CoinDealings.Deal(Group, Seats, 0, TestTable.Seed(9)));
        Assert.NotEqual(CoinDealings.Deal(Group, Seats, 0, TestTable.Seed(9)), CoinDealings.Deal(Group, new SeatSet(Seats.Game, 2, Seats.Seats), 0, TestTable.Seed(9)));
    }

    [Fact]
    public void a_proof_of_equal_logarithms_holds_for_its_context_alone()
    {
        var point = Group.HashToPoint("a point"u8);
        var secret = Group.HashToScalar("a secret"u8);
        var proof = Dleq.Prove(Group, "context"u8, point, secret);
        var (first, second) = (Group.Multiply(Group.Generator, secret), Group.Multiply(point, secret));
        Assert.True(Dleq.Verify(Group, "context"u8, point, first, second, proof));
        Assert.False(Dleq.Verify(Group, "contexT"u8, point, first, second, proof));
        Assert.False(Dleq.Verify(Group, "context"u8, point, second, first, proof));
        Assert.False(Dleq.Verify(Group, "context"u8, point, first, Group.Add(second, point), proof));
    }

    [Fact]
    public void points_that_are_none_are_refused()
    {
        Assert.Null(Group.Decode(new byte[33]));
        Assert.Null(Group.Decode([2, .. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Null(Group.Decode([4, .. new byte[32]]));
        Assert.Null(Group.Decode(Group.Encode(Group.Generator).AsSpan(1)));
        Assert.NotNull(Group.Decode(Group.Encode(Group.Generator)));
    }

    [Fact]
    public void a_commitment_binds_game_epoch_seat_roll_and_value()
    {
        var opened = Commitments.Make(Seats, 1, 3, TestTable.Seed(1));
        var commitments = new[]
        {
            Commitments.Commit(Seats, 1, 3, opened),
            Commitments.Commit(Seats, 2, 3, opened),
            Commitments.Commit(Seats, 1, 4, opened),
            Commitments.Commit(new SeatSet(Seats.Game, 2, Seats.Seats), 1, 3, opened),
            Commitments.Commit(new SeatSet(new byte[16], 1, Seats.Seats), 1, 3, opened),
            Commitments.Commit(Seats, 1, 3, opened with { Nonce = new byte[32] }),
            Commitments.Commit(Seats, 1, 3, opened with { Value = new byte[32] }),
        };
        Assert.Equal(commitments.Length, commitments.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void dice_are_even()
    {
        var counts = new ulong[36];
        for (var i = 0; i < 36_000; i++)
        {
            var (first, second) = Dice.Of(SHA256.HashData(BitConverter.GetBytes(i)));
            counts[((first - 1) * 6) + second - 1]++;
        }

        Assert.True(DiceStatistics.ChiSquare(counts) > 0.001);
    }

    private (SeatSet Seats, BigInteger[] Secrets) Coin()
    {
        var dealings = Enumerable.Range(0, 4).Select(dealer => CoinDealings.Deal(Group, Seats, dealer, TestTable.Seed(40 + dealer))).ToArray();
        var secrets = Enumerable.Range(0, 4)
            .Select(seat => dealings.Select((dealing, dealer) => CoinDealings.Open(Group, Seats, dealer, dealing, seat, _table.Secrets[seat].DealSecret)!.Value).Aggregate((sum, share) => Group.Reduce(sum + share)))
            .ToArray();
        return (new SeatSet(Seats.Game, 1, Seats.Seats.Select(seat => seat with { CoinKey = CoinDealings.KeyOf(Group, dealings, seat.Number) })), secrets);
    }
}
