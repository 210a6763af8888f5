namespace Xtmp.Generator.Tests;

/// <summary>
/// Everything generated from shop.yaml, checked in under Snapshots. Set XTMP_ACCEPT_SNAPSHOTS=1 to write what is generated
/// now, and review the difference like any other change.
/// </summary>
public sealed class SnapshotTests
{
    private const string Accept = "XTMP_ACCEPT_SNAPSHOTS";

    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Xtmp.Generator.Tests", "Snapshots");

    [Fact]
    public void Generated_code_is_as_checked_in()
    {
        var run = Shop.Generate();
        Assert.Empty(run.Result.Diagnostics);
        Assert.Empty(run.CompilerDiagnostics);
        if (Environment.GetEnvironmentVariable(Accept) == "1")
        {
            Write(run);
        }

        var expected = Directory.EnumerateFiles(Folder, "*.verified.cs").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);
        Assert.Equal(expected, run.Sources.Keys.Select(FileOf).Order(StringComparer.Ordinal));
        foreach (var (hint, text) in run.Sources)
        {
            Compare(FileOf(hint), File.ReadAllText(Path.Combine(Folder, FileOf(hint))), text);
        }
    }

    [Fact]
    public void Generated_code_does_not_depend_on_the_culture()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        try
        {
            // A culture of its own, so that the test works where the machine has none installed: other digits' signs and separators.
            var odd = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
            odd.NumberFormat.NegativeSign = "~";
            odd.NumberFormat.NumberDecimalSeparator = ",";
            odd.NumberFormat.NumberGroupSeparator = ".";
            var invariant = Shop.Generate().Sources;
            Thread.CurrentThread.CurrentCulture = odd;
            Assert.Equal(invariant, Shop.Generate().Sources);
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }

    [Fact]
    public void Every_line_ends_in_a_line_feed_alone() =>
        Assert.All(Shop.Generate().Sources.Values, text =>
        {
            Assert.DoesNotContain('\r', text);
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
        });

    /// <summary>What a schema costs a build is mostly what is printed of it.</summary>
    [Fact]
    public void A_message_of_three_fields_takes_at_most_150_lines()
    {
        var run = new GeneratorRun().With(
            "lean.yaml",
            "protocol: lean\nnamespace: Lean\nversion: 1\nmessages:\n  Message0:\n    doc: A message.\n    kind: one-way\n    code: 0xA0\n    fields:\n"
            + "      - { id: 0, name: name, type: string, max: 64, doc: \"Its name.\" }\n      - { id: 1, name: count, type: u32, doc: \"How many.\" }\n      - { id: 2, name: hash, type: \"bytes[32]\", doc: \"Their hash.\" }\n");

        Assert.Empty(run.Result.Diagnostics);
        Assert.InRange(run.Sources["Lean.Message0.g.cs"].Split('\n').Length, 1, 150);
    }

    private static string FileOf(string hint) => hint[..^".g.cs".Length] + ".verified.cs";

    private static void Write(GeneratorRun run)
    {
        foreach (var path in Directory.EnumerateFiles(Folder, "*.verified.cs"))
        {
            File.Delete(path);
        }

        foreach (var (hint, text) in run.Sources)
        {
            File.WriteAllText(Path.Combine(Folder, FileOf(hint)), text);
        }
    }

    private static void Compare(string file, string expected, string actual)
    {
        var before = expected.Split('\n');
        var after = actual.Split('\n');
        for (int line = 0; line < Math.Max(before.Length, after.Length); line++)
        {
            var was = line < before.Length ? before[line] : "(end)";
            var now = line < after.Length ? after[line] : "(end)";
            Assert.True(was == now, $"{file}, line {line + 1}\nchecked in: {was}\ngenerated:  {now}\nSet {Accept}=1 to accept.");
        }
    }
}
