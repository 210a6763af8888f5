using BitChat.Messages;
using Xunit;

namespace BitChat.Peer.Tests;

public sealed class CrapsTests
{
    private const ulong Stake = 30;
    private static readonly byte[] Alice = [1, 1, 1];
    private static readonly byte[] Bob = [2, 2, 2];

    /// <summary>The house's edge as known of the game, as a fraction of the stake, over bets that are decided.</summary>
    [Theory]
    [InlineData(CrapsBet.PassLine, null, -7, 495)]
    [InlineData(CrapsBet.DontPass, null, -3, 220)]
    [InlineData(CrapsBet.Come, null, -7, 495)]
    [InlineData(CrapsBet.DontCome, null, -3, 220)]
    [InlineData(CrapsBet.Field, null, -1, 36)]
    [InlineData(CrapsBet.Place, 4, -1, 15)]
    [InlineData(CrapsBet.Place, 10, -1, 15)]
    [InlineData(CrapsBet.Place, 5, -1, 25)]
    [InlineData(CrapsBet.Place, 9, -1, 25)]
    [InlineData(CrapsBet.Place, 6, -1, 66)]
    [InlineData(CrapsBet.Place, 8, -1, 66)]
    [InlineData(CrapsBet.HardWay, 4, -1, 9)]
    [InlineData(CrapsBet.HardWay, 10, -1, 9)]
    [InlineData(CrapsBet.HardWay, 6, -1, 11)]
    [InlineData(CrapsBet.HardWay, 8, -1, 11)]
    [InlineData(CrapsBet.AnySeven, null, -1, 6)]
    [InlineData(CrapsBet.AnyCraps, null, -1, 9)]
    public void the_house_has_the_known_edge(CrapsBet bet, int? point, int numerator, int denominator)
    {
        var table = Open();
        if (bet is CrapsBet.Come or CrapsBet.DontCome or CrapsBet.Place)
        {
            // A point that is not the bet's, so that one roll decides one bet.
            table = point == 6 ? Roll(table, 4, 4) : Roll(table, 3, 3);
        }

        table = Applied(table.Place(Alice, Operation(1), Bet(bet, point)));
        Assert.Equal((double)numerator / denominator, Expectation(table) / Stake, 12);
    }

    [Fact]
    public void bets_are_taken_only_at_their_time_and_within_their_means()
    {
        var table = Open();
        Refused(GameFault.UnknownPlayer, table.Place(new byte[] { 9 }, Operation(1), Bet(CrapsBet.Field)));
        Refused(GameFault.NotNow, table.Place(Alice, Operation(1), Bet(CrapsBet.Come)));
        Refused(GameFault.NotNow, table.Place(Alice, Operation(1), Bet(CrapsBet.Place, 6)));
        Refused(GameFault.NotNow, table.Place(Alice, Operation(1), Bet((CrapsBet)99)));
        Refused(GameFault.WrongPoint, table.Place(Alice, Operation(1), Bet(CrapsBet.HardWay, 5)));
        Refused(GameFault.WrongPoint, table.Place(Alice, Operation(1), Bet(CrapsBet.HardWay)));
        Refused(GameFault.WrongPoint, table.Place(Alice, Operation(1), Bet(CrapsBet.PassLine, 6)));
        Refused(GameFault.NotEnoughChips, table.Place(Alice, Operation(1), Bet(CrapsBet.Field) with { Amount = 1001 }));
        Refused(GameFault.NotEnoughChips, table.Place(Alice, Operation(1), Bet(CrapsBet.Field) with { Amount = 0 }));
        Refused(GameFault.BankTooSmall, table.Place(Alice, Operation(1), Bet(CrapsBet.HardWay, 4) with { Amount = 800 }));
        Refused(GameFault.WrongPhase, table.Settle(0, 1, 1));
        Refused(GameFault.WrongRoll, table.Close(new CloseBets { Roll = 1 }));

        table = Applied(table.Place(Alice, Operation(1), Bet(CrapsBet.PassLine)));
        Refused(GameFault.Repeated, table.Place(Alice, Operation(1), Bet(CrapsBet.Field)));
        Refused(GameFault.UnknownBet, table.TakeDown(Bob, new TakeDown { BetOperation = Operation(1) }));
        Assert.Empty(Applied(table.TakeDown(Alice, new TakeDown { BetOperation = Operation(1) })).Bets);

        var closed = Applied(table.Close(new CloseBets { Roll = 0 }));
        Refused(GameFault.WrongPhase, closed.Place(Bob, Operation(2), Bet(CrapsBet.Field)));
        Refused(GameFault.WrongPhase, closed.TakeDown(Alice, new TakeDown { BetOperation = Operation(1) }));
        Refused(GameFault.WrongPhase, closed.Close(new CloseBets { Roll = 0 }));
        Refused(GameFault.WrongRoll, closed.Settle(1, 1, 1));
        Refused(GameFault.NoSuchDie, closed.Settle(0, 0, 7));

        var on = Applied(closed.Settle(0, 2, 2));
        Assert.Equal((byte)4, on.Point);
        Refused(GameFault.BetStays, on.TakeDown(Alice, new TakeDown { BetOperation = Operation(1) }));
        Refused(GameFault.NotNow, on.Place(Bob, Operation(2), Bet(CrapsBet.PassLine)));
        Assert.Equal(1000UL + Stake, Roll(on, 1, 3).Chips[Convert.ToHexString(Alice)]);
        Assert.Equal(1000UL - Stake, Roll(on, 3, 4).Chips[Convert.ToHexString(Alice)]);
    }

    [Fact]
    public void a_player_has_so_many_bets_and_no_more()
    {
        var table = Open();
        for (var bet = 0; bet < CrapsTable.MaxBetsPerPlayer; bet++)
        {
            table = Applied(table.Place(Alice, Operation(bet), Bet(CrapsBet.Field) with { Amount = 1 }));
        }

        Refused(GameFault.TooManyBets, table.Place(Alice, Operation(99), Bet(CrapsBet.Field) with { Amount = 1 }));
        Applied(table.Place(Bob, Operation(99), Bet(CrapsBet.Field) with { Amount = 1 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void chips_are_conserved_whatever_is_tried(int seed)
    {
        var random = new Random(seed);
        var table = Open();
        var total = table.TotalChips;
        var settled = 0;
        for (var step = 0; step < 20_000; step++)
        {
            var player = random.Next(2) == 0 ? Alice : Bob;
            var outcome = random.Next(8) switch
            {
                0 => table.TakeDown(player, new TakeDown { BetOperation = Operation(random.Next(step + 1)) }),
                1 => table.Close(new CloseBets { Roll = table.Roll }),
                2 or 3 => table.Settle(table.Roll, (byte)random.Next(1, 7), (byte)random.Next(1, 7)),
                _ => table.Place(player, Operation(step), new PlaceBet { Bet = (CrapsBet)random.Next(9), Amount = (ulong)random.Next(10), Point = random.Next(2) == 0 ? null : (byte)random.Next(4, 11) }),
            };
            Assert.True(outcome.IsApplied || ReferenceEquals(outcome.Table, table), $"seed {seed}, step {step}");
            settled += Math.Max(0, table.Bets.Count - outcome.Table.Bets.Count);
            table = outcome.Table;
            Assert.True(table.TotalChips == total, $"seed {seed}, step {step}");
            Assert.True(table.Bets.Aggregate(0UL, (sum, bet) => sum + bet.MaxWin) <= table.Bank, $"seed {seed}, step {step}");
        }

        Assert.True(settled > 100, $"seed {seed}");
    }

    [Fact]
    public void a_table_has_bounds()
    {
        Assert.Throws<ArgumentException>(() => CrapsTable.Open([], 1));
        Assert.Throws<ArgumentException>(() => CrapsTable.Open(Enumerable.Range(0, 9).Select(player => ((ReadOnlyMemory<byte>)new[] { (byte)player }, 1UL)), 1));
        Assert.Throws<ArgumentException>(() => CrapsTable.Open([(Alice, ulong.MaxValue)], ulong.MaxValue));
    }

    // What a bet is worth to its player beyond the stake: over the 36 outcomes, and where it stays in another state, from there.
    private static double Expectation(CrapsTable table)
    {
        double sum = 0;
        var decided = 0;
        for (byte first = 1; first <= 6; first++)
        {
            for (byte second = 1; second <= 6; second++)
            {
                var next = Roll(table, first, second);
                if (next.Bets.Count == 0)
                {
                    sum += (double)next.Chips[Convert.ToHexString(Alice)] - 1000;
                    decided++;
                }
                else if (Changes(table, next))
                {
                    sum += Expectation(next);
                    decided++;
                }
            }
        }

        return sum / decided;
    }

    // Only line and come bets become another bet by a roll; for the others a roll that does not decide them is as good as none.
    private static bool Changes(CrapsTable before, CrapsTable after) => before.Bets[0].Bet switch
    {
        CrapsBet.PassLine or CrapsBet.DontPass => before.Point != after.Point,
        CrapsBet.Come or CrapsBet.DontCome => before.Bets[0].Point != after.Bets[0].Point,
        _ => false,
    };

    private static CrapsTable Open() => CrapsTable.Open([(Alice, 1000), (Bob, 1000)], 5000);

    private static CrapsTable Roll(CrapsTable table, byte first, byte second) => Applied(Applied(table.Close(new CloseBets { Roll = table.Roll })).Settle(table.Roll, first, second));

    private static PlaceBet Bet(CrapsBet bet, int? point = null) => new() { Bet = bet, Amount = Stake, Point = (byte?)point };

    private static byte[] Operation(int number)
    {
        var id = new byte[16];
        BitConverter.TryWriteBytes(id, number);
        return id;
    }

    private static CrapsTable Applied(CrapsStep step)
    {
        Assert.Equal(GameFault.None, step.Fault);
        return step.Table;
    }

    private static void Refused(GameFault fault, CrapsStep step) => Assert.Equal(fault, step.Fault);
}
