namespace Xtmp.Fuzz;

/// <summary>The committed seeds and a bounded number of mutations, the same in every run. The long run is in the README.</summary>
public sealed class FuzzTests
{
    private const int Inputs = 60_000;

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void no_input_is_a_find(string name)
    {
        var target = FuzzTarget.All.Single(each => each.Name == name);
        Assert.NotEmpty(target.Seeds);
        FuzzRun.Run(target, run: 1, Inputs / target.Cost);
    }

    [Fact]
    public void a_find_names_target_and_input()
    {
        var target = new FuzzTarget("refuses", 1, input => Find.Unless(input.IsEmpty || input[0] != 7, "it begins with 7"), [[1, 2, 3]]);
        var find = Assert.Throws<Find>(() => FuzzRun.Run(target, run: 5, 100_000));
        Assert.Matches("refuses, run 5, input [0-9]+: Find: it begins with 7\n07", find.Message);
    }

    [Fact]
    public void an_input_follows_from_its_number()
    {
        byte[][] seeds = [[.. Enumerable.Range(0, 100).Select(i => (byte)i)], [9, 9]];
        var one = new Mutator(seeds, 3);
        var two = new Mutator(seeds, 3);
        var different = 0;
        for (var number = 0; number < 1000; number++)
        {
            var input = one.Make(number).ToArray();
            Assert.Equal(input, two.Make(number).ToArray());
            different += input.AsSpan().SequenceEqual(one.Make(number + 1)) ? 0 : 1;
        }

        Assert.InRange(different, 900, 1000);
    }
}
