using System.Text.RegularExpressions;

namespace Xtmp.Cli.Schema.Lint;

/// <summary>Comments of a schema that leave out lint rules: <c># lint: ignore LINT02 LINT03</c>, at a line or alone above it.</summary>
internal sealed partial class LintComments
{
    private readonly HashSet<(int Line, string Rule)> _ignored = [];

    public static LintComments Of(string text)
    {
        LintComments comments = new();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (Comment().Match(lines[i]) is { Success: true } match)
            {
                bool alone = lines[i].TrimStart()[0] == '#';
                foreach (string rule in match.Groups[1].Value.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))
                {
                    comments._ignored.Add((i + (alone ? 2 : 1), rule));
                }
            }
        }

        return comments;
    }

    public bool Ignore(string rule, int line) => _ignored.Contains((line, rule));

    [GeneratedRegex(@"(?:^|\s)# lint: ignore((?:[ ,]+LINT[0-9]{2})+)\s*$")]
    private static partial Regex Comment();
}
