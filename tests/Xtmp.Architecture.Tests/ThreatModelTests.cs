using System.Text.RegularExpressions;

namespace Xtmp.Architecture.Tests;

/// <summary>The promises of SPEC §10 name files and tests that are there.</summary>
public sealed partial class ThreatModelTests
{
    private const string DefaultProject = "sdk/Xtmp.Session/";

    [Fact]
    public void every_promise_names_files_and_tests_that_exist()
    {
        var files = Repository.SourceFiles(".cs").ToHashSet(StringComparer.Ordinal);
        var classes = files.Where(file => file.StartsWith("tests/", StringComparison.Ordinal)).ToLookup(file => Path.GetFileNameWithoutExtension(file).Split('.')[0], StringComparer.Ordinal);
        var missing = new List<string>();
        var rows = 0;
        foreach (var row in Rows())
        {
            rows++;
            var cells = row.Split('|', StringSplitOptions.TrimEntries);
            Assert.True(cells.Length == 5, row);
            var enforcing = Names(cells[2]).ToList();
            var tests = Names(cells[3]).ToList();
            Assert.True(enforcing.Count > 0 && tests.Count > 0, $"Nothing enforces or shows: {cells[1]}");
            missing.AddRange(enforcing.Where(file => !files.Contains(file) && !files.Contains(DefaultProject + file)));
            var last = "";
            foreach (var test in tests)
            {
                // ".method" is of the class named before it.
                var (name, method) = test.IndexOf('.') is var dot and >= 0 ? (test[..dot], test[(dot + 1)..]) : (test, "");
                last = name.Length > 0 ? name : last;
                if (!classes[last].Any(file => method.Length == 0 || File.ReadAllText(Path.Combine(Repository.Root, file)).Contains($" {method}(", StringComparison.Ordinal)))
                {
                    missing.Add($"{last}.{method}");
                }
            }
        }

        Assert.Empty(missing);
        Assert.InRange(rows, 18, 60);
    }

    private static IEnumerable<string> Rows() =>
        File.ReadLines(Path.Combine(Repository.Root, "schema", "SPEC.md"))
            .SkipWhile(line => line != "## 10. Threat model")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|'))
            .Skip(2);

    private static IEnumerable<string> Names(string cell) => Quoted().Matches(cell).Select(match => match.Groups[1].Value);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
