using Microsoft.CodeAnalysis;
using Xtmp.Schema.Tests;

namespace Xtmp.Generator.Tests;

/// <summary>Mistakes in schemas, as the compiler shows them.</summary>
public sealed class DiagnosticTests
{
    private static readonly DiagnosticCase[] Cases =
        [.. TextCases.All(), .. KeyCases.All(), .. TypeCases.All(), .. MessageCases.All(), .. LimitCases.All()];

    public static TheoryData<string> CaseNames => [.. Cases.Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Reports_each_mistake_once_at_its_place_and_nothing_else(string name)
    {
        var mistake = Cases.Single(c => c.ToString() == name);
        var run = new GeneratorRun();
        foreach (var (path, text) in mistake.Files)
        {
            run.With(path, text);
        }

        run.With("test.yaml", mistake.Text);

        var found = run.Result.Diagnostics.Where(d => d.Location.GetLineSpan().Path == "test.yaml").ToArray();
        var diagnostic = Assert.Single(found);
        var start = diagnostic.Location.GetLineSpan().StartLinePosition;
        Assert.Equal($"{mistake.Id} at {mistake.Place.Line}:{mistake.Place.Column}", $"{diagnostic.Id} at {start.Line + 1}:{start.Character + 1}");
        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        if (mistake.Suggestion is not null)
        {
            Assert.Contains($"Did you mean '{mistake.Suggestion}'?", diagnostic.GetMessage());
        }
    }

    [Fact]
    public void Reports_a_name_that_two_files_declare_and_generates_the_first()
    {
        const string schema = "protocol: {0}\nnamespace: Test\nversion: 1\nstructs:\n  Address:\n    doc: An address.\n    fields:\n      - { id: 0, name: street, type: string, doc: \"Street.\" }\n";
        var run = new GeneratorRun().With("b.yaml", Fill(schema, "beta")).With("a.yaml", Fill(schema, "alpha"));

        var diagnostic = Assert.Single(run.Result.Diagnostics);
        Assert.Equal("XTMP080", diagnostic.Id);
        Assert.Equal("b.yaml", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(4, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Contains("a.yaml", diagnostic.GetMessage());
        Assert.Empty(run.CompilerDiagnostics);
        Assert.Contains("Test.Address.g.cs", run.Sources.Keys);
    }

    [Fact]
    public void Reports_names_that_differ_only_in_case()
    {
        var run = new GeneratorRun().With(
            "a.yaml",
            "protocol: alpha\nnamespace: Test\nversion: 1\nstructs:\n  Ipv:\n    doc: One.\n    fields: []\n  IPv:\n    doc: Other.\n    fields: []\n");

        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        var diagnostic = Assert.Single(run.Result.Diagnostics);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
    }

    [Fact]
    public void Reports_two_files_of_one_protocol()
    {
        const string schema = "protocol: alpha\nnamespace: Test\nversion: 1\nstructs:\n  {0}:\n    doc: One.\n    fields: []\n";
        var run = new GeneratorRun().With("a.yaml", Fill(schema, "One")).With("b.yaml", Fill(schema, "Two"));

        Assert.Null(run.Result.Exception);
        Assert.Empty(run.CompilerDiagnostics);
        Assert.Equal("XTMP080", Assert.Single(run.Result.Diagnostics).Id);
    }

    [Fact]
    public void The_release_files_list_every_diagnostic()
    {
        var files = Path.Combine(Repository.Root, "generators", "Xtmp.Generator");
        var listed = File.ReadLines(Path.Combine(files, "AnalyzerReleases.Shipped.md"))
            .Concat(File.ReadLines(Path.Combine(files, "AnalyzerReleases.Unshipped.md")))
            .Where(line => line.StartsWith("XTMP", StringComparison.Ordinal))
            .Select(line => string.Join(" | ", line.Split('|').Select(part => part.Trim())))
            .ToArray();
        var rules = Schema.SchemaRules.All.Select(rule => $"{rule.Id} | Xtmp.Schema | {rule.Severity} | {rule.Title}")
            .Append("XTMP080 | Xtmp.Schema | Error | Two declarations generate one C# name");

        Assert.Equal(rules.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static string Fill(string format, string value) => format.Replace("{0}", value, StringComparison.Ordinal);
}
