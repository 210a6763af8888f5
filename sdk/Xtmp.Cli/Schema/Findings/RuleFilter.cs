namespace Xtmp.Cli.Schema.Findings;

/// <summary>Findings that somebody does not want to see: <c>RULE</c>, or <c>RULE:path</c> for one place.</summary>
public sealed class RuleFilter
{
    private readonly HashSet<string> _ignored;

    private RuleFilter(IEnumerable<string> ignored) => _ignored = new(ignored, StringComparer.Ordinal);

    /// <summary>Null after saying which word names no rule.</summary>
    public static RuleFilter? Parse(IEnumerable<string> ignored, TextWriter error)
    {
        string[] entries = [.. ignored.SelectMany(i => i.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        foreach (string entry in entries)
        {
            string rule = entry.Split(':')[0];
            if (!RulePages.Ids.Contains(rule))
            {
                error.WriteLine($"--ignore: there is no rule '{PlainText.Of(rule)}'. 'xtmp schema explain' lists them.");
                return null;
            }

            if (rule.StartsWith("XTMP", StringComparison.Ordinal))
            {
                error.WriteLine($"--ignore: {rule} is a mistake in the schema, which the build refuses too.");
                return null;
            }
        }

        return new(entries);
    }

    public bool Passes(Finding finding) => !_ignored.Contains(finding.Rule) && !_ignored.Contains($"{finding.Rule}:{finding.Path}");
}
