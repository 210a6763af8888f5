using System.Text.RegularExpressions;
using BitChat.Simulator;

namespace BitChat.Peer.Tests;

/// <summary>Whole tables under faults: many lives, each replayed by its seed, and mutants of the engine that must be caught.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    // More by XTMP_BITCHAT_SEEDS; a failure prints what replays it.
    private static readonly ulong Seeds = ulong.TryParse(Environment.GetEnvironmentVariable("XTMP_BITCHAT_SEEDS"), out var seeds) ? seeds : 24;

    private const ulong MutantSeeds = 100;

    /// <summary>
    /// Where mutants that few lives show begin to be looked for, so that a test run has the time. From seed 0 on they take as many
    /// lives as this says.
    /// </summary>
    private static readonly Dictionary<string, ulong> Rare = new()
    {
        ["forgotten-intents"] = 30,
    };

    public static TheoryData<int, int> Tables()
    {
        var tables = new TheoryData<int, int>();
        for (var seats = 2; seats <= 8; seats++)
        {
            for (var faults = 0; faults <= (seats - 1) / 3; faults++)
            {
                tables.Add(seats, faults);
            }
        }

        return tables;
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void correct_seats_agree_and_go_on(int seats, int faults)
    {
        Parallel.For(0, (long)Seeds, seed =>
        {
            var life = new Life(new LifeOptions(seats, faults, (ulong)seed)).Run();
            Assert.True(life.Violation is null, $"xtmp game simulate --seats {seats} --faults {faults} --seeds {seed}: {life.Violation}");
        });
    }

    [Fact]
    public void a_seat_that_starts_again_gives_no_sequence_to_two_operations()
    {
        // A partition leaves operations undecided, a crash makes their seat forget them, and the roll waits for its commitment.
        Assert.Null(new Life(new LifeOptions(2, 0, 1261)).Run().Violation);
    }

    // Of each table two seats once asked to leave at once, and what was left did not bear its Byzantine seats.
    [Theory]
    [InlineData(5, 1, 1793)]
    [InlineData(5, 1, 2385)]
    [InlineData(8, 2, 1148)]
    [InlineData(8, 2, 3250)]
    public void seats_leave_no_table_that_does_not_bear_its_byzantine_ones(int seats, int faults, ulong seed) =>
        Assert.Null(new Life(new LifeOptions(seats, faults, seed) { EndsOnProgress = true }).Run().Violation);

    [Fact]
    public void a_seat_catches_up_beside_one_that_lies_and_one_that_claims_more_than_all()
    {
        // The lies of the one once made it ask the other again and again, which never answers.
        Assert.Null(new Life(new LifeOptions(7, 2, 880) { EndsOnProgress = true }).Run().Violation);
    }

    [Fact]
    public void records_of_a_journal_may_stand_in_another_order()
    {
        // Two crashes, and a value that was durable after the ones that follow it.
        Assert.Null(new Life(new LifeOptions(2, 0, 127734) { EndsOnProgress = true }).Run().Violation);
    }

    [Fact]
    public void a_seat_that_starts_again_in_a_later_round_leaves_the_others_a_way_there()
    {
        // What had brought it there a Byzantine seat had told it alone, and the restart forgot.
        Assert.Null(new Life(new LifeOptions(4, 1, 94689) { EndsOnProgress = true }).Run().Violation);
    }

    [Fact]
    public void a_seed_replays_a_life_event_for_event()
    {
        var hashes = Enumerable.Range(0, 3).Select(seed => new Life(new LifeOptions(4, 1, (ulong)seed)).Run().LogHash).ToArray();
        var again = Enumerable.Range(0, 3).Select(seed => new Life(new LifeOptions(4, 1, (ulong)seed)).Run().LogHash).ToArray();
        Assert.Equal(hashes, again);
        Assert.Equal(3, hashes.Distinct().Count());
    }

    [Fact]
    public void a_life_that_ends_on_progress_is_the_beginning_of_the_whole_one()
    {
        foreach (var seed in Enumerable.Range(0, 4))
        {
            var whole = new Life(new LifeOptions(4, 1, (ulong)seed)).Run();
            var shorter = new Life(new LifeOptions(4, 1, (ulong)seed) { EndsOnProgress = true }).Run();
            Assert.Null(shorter.Violation);
            Assert.True(shorter.Heights < whole.Heights && shorter.Messages < whole.Messages, $"seed {seed}: {shorter.Heights} of {whole.Heights} heights");
            Assert.Equal(shorter.LogHash, new Life(new LifeOptions(4, 1, (ulong)seed) { EndsOnProgress = true }).Run().LogHash);
        }
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    public void lives_know_who_sends_again_and_who_composes_values_and_without_them_are_other_lives(int seats, int faults)
    {
        var lives = Enumerable.Range(0, 12).Select(seed => new LifeOptions(seats, faults, (ulong)seed) { EndsOnProgress = true }).Select(options => (Options: options, Result: new Life(options).Run())).ToArray();
        FaultKind[] kinds = faults == 0 ? [FaultKind.Replay] : [FaultKind.Replay, FaultKind.Composition];
        foreach (var kind in kinds)
        {
            var those = lives.Where(life => life.Result.Schedule.Any(fault => fault.Kind == kind)).ToArray();
            var others = those.Count(life => new Life(life.Options with { Schedule = [.. life.Result.Schedule.Where(fault => fault.Kind != kind)] }).Run().LogHash != life.Result.LogHash);
            output.WriteLine($"{kind}: {those.Length} lives, {others} of them others without it");
            Assert.InRange(others, 1, those.Length);
            Assert.All(those, life => Assert.Equal(life.Result.LogHash, new Life(life.Options with { Schedule = life.Result.Schedule }).Run().LogHash));
        }
    }

    public static TheoryData<string> Mutants() => [.. Mutant.All.Select(mutant => mutant.Name)];

    [Theory]
    [MemberData(nameof(Mutants))]
    public void every_mutant_is_caught(string name)
    {
        var mutant = Mutant.Find(name)!;
        var first = Rare.GetValueOrDefault(name);
        for (var seed = first; seed < first + MutantSeeds; seed++)
        {
            var options = new LifeOptions(mutant.Seats, mutant.Faults, seed) { EndsOnProgress = true };
            var caught = new Life(options with { Mutant = mutant }).Run();
            if (caught.Violation is { } violation)
            {
                // What catches the mutant must not catch the engine itself.
                Assert.Null(new Life(options with { Schedule = caught.Schedule }).Run().Violation);
                output.WriteLine($"{name}: caught at seed {seed} with {mutant.Seats} seats, {mutant.Faults} Byzantine: {violation}");
                return;
            }
        }

        Assert.Fail($"The mutant '{name}' lived through seeds {first} to {first + MutantSeeds - 1}.");
    }

    [Fact]
    public void a_failing_seed_shrinks_to_a_short_schedule_that_still_fails()
    {
        var options = new LifeOptions(4, 1, 2) { Mutant = Mutant.Find("nil-counts"), Seconds = 30 };
        var whole = new Life(options).Run();
        Assert.NotNull(whole.Violation);
        var shortest = Shrinking.Shrink(options, maxLives: 40);
        Assert.NotNull(shortest.Violation);
        Assert.True(shortest.Schedule.Count < whole.Schedule.Count, $"{shortest.Schedule.Count} of {whole.Schedule.Count} faults");
        Assert.Equal(shortest.LogHash, new Life(options with { Schedule = shortest.Schedule }).Run().LogHash);
        output.WriteLine(string.Join(Environment.NewLine, shortest.Schedule));
    }

    /// <summary>
    /// Two certificates of one round share more seats than may be Byzantine, and nobody honest precommits twice in a round: they are
    /// proof. Of two rounds they are proof with the prevotes that led to the later one: nobody honest prevotes against its own
    /// precommit without a later proof of lock.
    /// </summary>
    [Theory]
    [InlineData(4, 2)]
    [InlineData(7, 3)]
    public void one_byzantine_seat_too_many_forks_a_table_and_nothing_else_and_honest_seats_prove_who_did_it(int seats, int faults)
    {
        var (oneRound, twoRounds) = (0, 0);
        Parallel.For(0, (long)Math.Max(Seeds, 70), seed =>
        {
            var life = new Life(new LifeOptions(seats, faults, (ulong)seed) { EndsOnProgress = true }).Run();
            if (life.Violation is not { } violation)
            {
                return;
            }

            // Anything else that breaks, on either side, or an honest seat that is blamed, would be named in its place.
            var replay = $"xtmp game simulate --seats {seats} --faults {faults} --seeds {seed} --until-progress: {violation}";
            Assert.True(Regex.IsMatch(violation, "^two values decided at height [0-9]+ in round"), replay);
            Assert.True(life.SeesFork, replay);
            Interlocked.Increment(ref violation.Contains("in rounds", StringComparison.Ordinal) ? ref twoRounds : ref oneRound);
            Assert.True(life.Culprits.Count > (seats - 1) / 3, $"{replay}; proved guilty: {string.Join(", ", life.Culprits)}");
        });
        output.WriteLine($"{oneRound} forks in one round, {twoRounds} over two");
        Assert.True(seats == 4 ? oneRound > 0 && twoRounds > 0 : oneRound + twoRounds > 0, $"{oneRound} forks in one round, {twoRounds} over two");
    }
}
