namespace Xtmp.Schema.Tests;

public sealed class DiagnosticTests
{
    private static readonly DiagnosticCase[] _cases = [.. TextCases.All(), .. KeyCases.All(), .. TypeCases.All(), .. MessageCases.All(), .. LimitCases.All()];

    public static TheoryData<string> CaseNames => new(_cases.Select(c => c.ToString()));

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void reports_one_mistake_once_at_its_place(string name)
    {
        var mistake = _cases.Single(c => c.ToString() == name);
        var result = Read(mistake);
        var found = Assert.Single(result.Diagnostics);
        Assert.Equal($"{mistake.Id} at {mistake.Place.Line}:{mistake.Place.Column}", $"{found.Id} at {found.Line}:{found.Column}");
        Assert.Equal(mistake.Suggestion, found.Suggestion);
        Assert.Equal("test.yaml", found.File);
        Assert.True(found.EndLine > found.Line || found.EndColumn > found.Column, "The span holds something.");
        Assert.Matches(@"\A\S.*[.…]\z", found.Message);
        Assert.Equal(found.Severity == SchemaSeverity.Error, result.Model is null);
    }

    [Fact]
    public void every_rule_has_a_case()
    {
        Assert.Empty(SchemaRules.All.Select(r => r.Id).Except(_cases.Select(c => c.Id)).Except([SchemaRules.TooManyErrors.Id]));
    }

    [Fact]
    public void many_mistakes_do_not_become_a_flood()
    {
        var result = SchemaReader.Read("test.yaml", LimitCases.ManyMistakes(200), _ => null);
        Assert.Equal(51, result.Diagnostics.Count);
        Assert.Equal(SchemaRules.TooManyErrors.Id, result.Diagnostics[^1].Id);
        Assert.All(result.Diagnostics.SkipLast(1), d => Assert.Equal(SchemaRules.UnknownType.Id, d.Id));
        Assert.Null(result.Model);
    }

    [Fact]
    public void rules_are_unique_and_in_order()
    {
        var ids = SchemaRules.All.Select(r => r.Id).ToList();
        Assert.Equal(ids.Distinct().Order(StringComparer.Ordinal), ids);
    }

    [Fact]
    public void every_rule_has_a_page_and_every_page_a_rule()
    {
        var folder = Repository.Path("generators/Xtmp.Schema/diagnostics");
        var pages = Directory.GetFiles(folder, "*.md").Select(p => Path.GetFileNameWithoutExtension(p)!).Order(StringComparer.Ordinal);
        Assert.Equal(SchemaRules.All.Select(r => r.Id), pages);
        foreach (var rule in SchemaRules.All)
        {
            var page = File.ReadAllText(Path.Combine(folder, rule.Id + ".md"));
            Assert.StartsWith($"# {rule.Id}: {rule.Title}\n", page);
            Assert.Contains("\n```yaml\n", page);
            Assert.Contains("\nFix: ", page);
        }
    }

    /// <summary>The example of a page is a mistake of that kind and no other.</summary>
    [Fact]
    public void examples_of_pages_show_their_mistake()
    {
        foreach (var rule in SchemaRules.All)
        {
            var page = Repository.Text($"generators/Xtmp.Schema/diagnostics/{rule.Id}.md");
            var start = page.IndexOf("```yaml\n", StringComparison.Ordinal) + 8;
            var example = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];
            if (rule == SchemaRules.NotText || rule == SchemaRules.TooLarge || rule == SchemaRules.NotASchema || rule == SchemaRules.TooManyErrors)
            {
                // Characters, sizes and whole files that a page cannot show.
                continue;
            }
            var result = Read(new DiagnosticCase("page", rule.Id, example) { Files = { ["page-broken.yaml"] = "protocol: x\n" } });
            Assert.Equal($"{rule.Id}", string.Join(",", result.Diagnostics.Select(d => d.Id)));
        }
    }

    private static SchemaResult Read(DiagnosticCase mistake) =>
        SchemaReader.Read("test.yaml", mistake.Text, p => p == "test.yaml" ? mistake.Text : mistake.Files.GetValueOrDefault(p));
}
