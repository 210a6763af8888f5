using BitChat.Peer.Tests.Simulation;

namespace BitChat.Peer.Tests;

/// <summary>Agreement under faults: many lives, each replayed by its seed, and mutants of the rules that must be caught.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    // More by XTMP_BITCHAT_SEEDS; a failure prints what replays it.
    private static readonly int Seeds = int.TryParse(Environment.GetEnvironmentVariable("XTMP_BITCHAT_SEEDS"), out var seeds) ? seeds : 20;

    private const int MutantSeeds = 400;

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
        for (var seed = 0; seed < Seeds; seed++)
        {
            var violation = new Simulator(seats, faults, seed).Run();
            Assert.True(violation is null, $"{seats} seats, {faults} faults, seed {seed}: {violation}");
        }
    }

    [Fact]
    public void a_seed_replays_a_life_event_for_event()
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var first = new Simulator(4, 1, seed);
            var second = new Simulator(4, 1, seed);
            first.Run();
            second.Run();
            Assert.Equal(first.LogHash, second.LogHash);
        }

        var other = new Simulator(4, 1, 0);
        var another = new Simulator(4, 1, 1);
        other.Run();
        another.Run();
        Assert.NotEqual(other.LogHash, another.LogHash);
    }

    public static TheoryData<string> Mutants() => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Mutants))]
    public void every_mutant_is_caught(string name)
    {
        var rules = All[name];
        for (var seed = 0; seed < MutantSeeds; seed++)
        {
            foreach (var (seats, faults) in new[] { (4, 1), (3, 0), (6, 1) })
            {
                if (new Simulator(seats, faults, seed, rules).Run() is { } violation)
                {
                    // What catches the mutant must not catch the engine itself.
                    Assert.Null(new Simulator(seats, faults, seed).Run());
                    output.WriteLine($"{name}: caught at seed {seed} with {seats} seats: {violation}");
                    return;
                }
            }
        }

        Assert.Fail($"The mutant '{name}' lived through {MutantSeeds} seeds.");
    }

    private static readonly Dictionary<string, ConsensusRules> All = new()
    {
        ["a quorum of half"] = new() { Quorum = static seats => (seats.Count / 2) + 1 },
        ["a quorum of two thirds rounded up"] = new() { Quorum = static seats => ((2 * seats.Count) + 2) / 3 },
        ["signs before it is durable"] = new() { PersistsBeforeSigning = false },
        ["verifies no signatures"] = new() { VerifiesSignatures = false },
        ["counts a seat as often as it speaks"] = new() { CountsSeatsOnce = false },
        ["believes certificates unseen"] = new() { VerifiesCertificates = false },
        ["takes proposals of anybody"] = new() { ChecksProposer = false },
        ["votes for values that are not valid"] = new() { ChecksValues = false },
        ["precommits without prevotes"] = new() { NeedsPrevotes = false },
        ["counts votes for nothing as votes for a value"] = new() { TellsNilApart = false },
    };
}
