using System.Text.RegularExpressions;

namespace Xtmp.Architecture.Tests;

/// <summary>Style that a machine can hold.</summary>
public sealed partial class TidyTests
{
    private const int MaxHandWrittenLines = 600;

    private static readonly string[] TopLevel =
    [
        "examples", "generators", "schema", "sdk", "silo", "tests",
        "Xtmp.Sdk.sln", "README.md", "global.json",
        "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.SansIo.txt",
    ];

    [Fact]
    public void the_top_level_holds_what_the_architecture_draws()
    {
        var tracked = Repository.SourceFiles().Select(file => file.Split('/')[0]).Distinct().Where(name => !name.StartsWith('.'));
        Assert.Empty(tracked.Except(TopLevel));
    }

    [Fact]
    public void every_project_opens_with_a_readme()
    {
        var missing = Repository.SourceFiles(".csproj")
            .Select(project => Path.GetDirectoryName(project)!)
            .Where(directory => !directory.StartsWith("tests", StringComparison.Ordinal))
            .Where(directory => !File.Exists(Path.Combine(Repository.Root, directory, "README.md")));
        Assert.Empty(missing);
    }

    [Fact]
    public void no_hand_written_file_is_too_long()
    {
        var tooLong = HandWritten()
            .Select(file => (file, lines: File.ReadLines(Path.Combine(Repository.Root, file)).Count()))
            .Where(entry => entry.lines > MaxHandWrittenLines)
            .Select(entry => $"{entry.file}: {entry.lines} lines");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void nothing_is_left_unfinished()
    {
        var hits = Scan(HandWritten(), UnfinishedPattern());
        Assert.Empty(hits);
    }

    [Fact]
    public void tests_do_not_wait_on_the_wall_clock()
    {
        var hits = Scan(HandWritten().Where(file => file.StartsWith("tests/", StringComparison.Ordinal)), SleepPattern());
        Assert.Empty(hits);
    }

    /// <summary>The list grows as names that it bans leave the code; what stands here already holds.</summary>
    [Fact]
    public void plain_words_are_used()
    {
        var files = HandWritten().Concat(Repository.SourceFiles(".md")).Concat(Repository.SourceFiles(".csproj")).Concat(Repository.SourceFiles(".props"));
        Assert.Empty(Scan(files, BannedWordsPattern()));
        Assert.Empty(Scan(HandWritten(), BannedNamesPattern()));
    }

    /// <summary>What ships draws from the system's random source and from no other: seeded sources are tests' alone.</summary>
    [Fact]
    public void no_seeded_source_of_entropy_is_in_a_production_assembly()
    {
        var sources = Scan(HandWritten().Where(file => !file.StartsWith("tests/", StringComparison.Ordinal)), EntropySourcePattern())
            .Select(hit => hit.Split(':')[0]);
        Assert.Equal(["sdk/Xtmp.Transport/SystemEntropy.cs"], sources);
    }

    private static IEnumerable<string> HandWritten() =>
        Repository.SourceFiles(".cs").Where(file =>
            !file.EndsWith(".verified.cs", StringComparison.Ordinal)
            && !file.EndsWith("/TidyTests.cs", StringComparison.Ordinal));

    private static IEnumerable<string> Scan(IEnumerable<string> files, Regex pattern) =>
        from file in files
        from line in File.ReadLines(Path.Combine(Repository.Root, file)).Select((text, index) => (text, number: index + 1))
        where pattern.IsMatch(line.text)
        select $"{file}:{line.number}: {line.text.Trim()}";

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex UnfinishedPattern();

    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay\(\s*[0-9]")]
    private static partial Regex SleepPattern();

    [GeneratedRegex(@"\b(class|struct|record)\b.*:.*\bIEntropy\b")]
    private static partial Regex EntropySourcePattern();

    // Architecture is projects, layers and dependency rules; types are named by the field's terms.
    [GeneratedRegex(@"\brooms\b|\bhouse (rule|style)|\bwalls? (test|rule)|\bOutboxCourier\b|\bLookAgain\b|\bParked\b|\bJudge\(|\bSpareShares\b|\bServedSession\b|\bServedCall\b|\bDatagramHalf\b|\bFlightDue\b|\bMakeFlight\b|\bWIRE section\b|\bIGrainEntropy\b", RegexOptions.IgnoreCase)]
    private static partial Regex BannedWordsPattern();

    // A limit is a max or a min, a value that stands in for another a default, a broken invariant is no assertion.
    [GeneratedRegex(@"\b(Most|Least|Greatest)[A-Z]|\b(u?int|u?long|double|string|var|TimeSpan|BigInteger) (most|least|greatest|otherwise)\b|\bAssertion\.Check\b|\bRowSeal\b|\bShown\.Of\b|\bKeyed\.Read\b|\bclass (Keyed|Shown|Salvage)\b|\b(Endless|Circle)\(|does not hold[.,:;)]|\bKnown\(\)")]
    private static partial Regex BannedNamesPattern();
}
