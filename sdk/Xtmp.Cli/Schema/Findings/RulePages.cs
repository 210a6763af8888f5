using Xtmp.Cli.Schema.Breaking;

namespace Xtmp.Cli.Schema.Findings;

/// <summary>The pages of all rules: files of the diagnostics and lint rules, which the tool carries, and the breaking rules' own texts.</summary>
public static class RulePages
{
    private const string Prefix = "rules/";

    /// <summary>Every id, in order.</summary>
    public static IReadOnlyList<string> Ids { get; } =
    [
        .. typeof(RulePages).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..^3])
            .Concat(BreakingRules.All.Select(r => r.Id)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The page of a rule, or null where there is no such rule.</summary>
    public static RulePage? Find(string id)
    {
        if (BreakingRules.All.FirstOrDefault(r => r.Id == id) is { } rule)
        {
            return new(rule.Doc, $"# {rule.Id}\n\nBreaks {rule.Class.ToString().ToUpperInvariant()}. {rule.Doc}\n");
        }

        using Stream? resource = typeof(RulePages).Assembly.GetManifestResourceStream($"{Prefix}{id}.md");
        if (resource is null)
        {
            return null;
        }

        string text = new StreamReader(resource).ReadToEnd();
        string title = text.Split('\n')[0].TrimStart('#', ' ');
        return new(title.StartsWith(id + ": ", StringComparison.Ordinal) ? title[(id.Length + 2)..] : title, text);
    }
}
