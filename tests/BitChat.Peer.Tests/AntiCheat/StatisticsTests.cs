using BitChat.Messages;

namespace BitChat.Peer.Tests.AntiCheat;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new ulong[] { 10, 10, 10, 10, 10, 10 }, 1)]
    [InlineData(new ulong[] { 5, 8, 9, 8, 10, 20 }, 0.0199)]
    [InlineData(new ulong[] { 16, 18, 16, 14, 12, 12 }, 0.8491)]
    [InlineData(new ulong[] { 60, 40 }, 0.0455)]
    public void chi_square_gives_the_tables_values(ulong[] counts, double expected) => Assert.Equal(expected, DiceStatistics.ChiSquare(counts), 0.0005);

    [Fact]
    public void fair_dice_are_flagged_about_never_and_loaded_ones_soon()
    {
        var flagged = 0;
        for (var table = 0; table < 400; table++)
        {
            var dice = new DiceStatistics(SeatSet.MaxSeats);
            var random = new Random(table);
            for (var i = 0; i < 2_000 && !dice.IsSuspicious; i++)
            {
                dice.Add(random.Next(1, 7));
            }

            flagged += dice.IsSuspicious ? 1 : 0;
        }

        // 0.002 of them may be; that 5 of 400 are has a probability below one in 1,000.
        Assert.True(flagged < 5, $"{flagged} of 400 fair tables flagged");
        var loaded = new DiceStatistics(SeatSet.MaxSeats);
        var chance = new Random(1);
        var rolls = 0;
        for (; rolls < 5_000 && !loaded.IsSuspicious; rolls++)
        {
            loaded.Add(chance.Next(3) == 0 ? 6 : chance.Next(1, 7));
        }

        Assert.True(rolls < 500, $"noticed after {rolls} dice");
    }

    [Fact]
    public void late_parts_are_held_against_a_seat_only_beyond_its_links_loss()
    {
        var lossy = new LateReveals();
        var holding = new LateReveals();
        var random = new Random(2);
        for (var i = 0; i < 1_000; i++)
        {
            lossy.Add(random.NextDouble() < 0.04, loss: 0.2);
            holding.Add(i % 3 == 0, loss: 0.01);
        }

        Assert.False(lossy.IsSuspicious);
        Assert.True(holding.IsSuspicious);
    }

    [Fact]
    public void trust_is_lost_at_once_and_comes_back_by_half_every_ten_minutes()
    {
        var trust = new TrustScore();
        Assert.Equal(1, trust.At(TimeSpan.Zero));
        trust.Lower(0.4, TimeSpan.Zero);
        Assert.Equal(0.6, trust.At(TimeSpan.Zero), 6);
        Assert.Equal(0.8, trust.At(TrustScore.HalfLife), 6);
        for (var i = 0; i < 10; i++)
        {
            trust.Lower(0.4, TrustScore.HalfLife);
        }

        Assert.Equal(0, trust.At(TrustScore.HalfLife), 6);
        Assert.True(trust.At(TrustScore.HalfLife * 8) > 0.99);
    }

    [Fact]
    public void evidence_is_kept_for_an_hour_and_no_more_than_its_bound()
    {
        var held = new AntiCheatValidator();
        var evidence = new StatisticalEvidence { Statistic = 1, PValue = 0.5, Samples = 1, FirstHeight = 1, LastHeight = 1 };
        HeldEvidence Of(int number, double severity, TimeSpan at) => new(PeerIds.Of([(byte)number, (byte)(number >> 8)]), CheatKind.BiasedDice, severity, evidence, at);
        for (var i = 0; i < 2 * AntiCheatValidator.MaxEvidence; i++)
        {
            Assert.True(held.Hold(Of(i, i == 0 ? 1 : 0.5, TimeSpan.Zero)));
            Assert.False(held.Hold(Of(i, 0.3, TimeSpan.Zero)));
        }

        Assert.Equal(AntiCheatValidator.MaxEvidence, held.Evidence.Count);
        Assert.Contains(held.Evidence, piece => piece.Severity == 1);
        held.Hold(Of(9_999, 0.5, AntiCheatValidator.Retention + TimeSpan.FromSeconds(1)));
        Assert.Single(held.Evidence);
    }
}
