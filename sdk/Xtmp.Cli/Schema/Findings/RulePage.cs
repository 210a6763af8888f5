namespace Xtmp.Cli.Schema.Findings;

/// <summary>What there is to say about a rule.</summary>
/// <param name="Title">One line.</param>
/// <param name="Text">The page, in Markdown, title included.</param>
public sealed record RulePage(string Title, string Text);
