namespace Xtmp.Schema.Tests;

/// <summary>
/// A schema with one mistake. The mark § stands right before the place where the diagnostic belongs and is taken out
/// before the text is read.
/// </summary>
public sealed record DiagnosticCase(string Name, string Id, string Yaml, string? Suggestion = null)
{
    /// <summary>What most cases begin with.</summary>
    private const string Header = "protocol: test\nnamespace: Test.Messages\nversion: 3\n";

    /// <summary>Other files that may be imported.</summary>
    public Dictionary<string, string> Files { get; init; } = [];

    private string Whole => Yaml.Contains("protocol:", StringComparison.Ordinal) || Yaml.Length == 0 || NoHeader ? Yaml : Header + Yaml;

    public bool NoHeader { get; init; }

    public string Text => Whole.Replace("§", "", StringComparison.Ordinal);

    public (int Line, int Column) Place
    {
        get
        {
            var before = Whole[..Math.Max(0, Whole.IndexOf('§', StringComparison.Ordinal))];
            return (before.Count(c => c == '\n') + 1, before.Length - before.LastIndexOf('\n'));
        }
    }

    public override string ToString() => $"{Id} {Name}";
}
