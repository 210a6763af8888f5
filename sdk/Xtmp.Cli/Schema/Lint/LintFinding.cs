namespace Xtmp.Cli.Schema.Lint;

/// <summary>Something that holds and could be better.</summary>
/// <param name="Rule">LINT01 and up.</param>
/// <param name="Path">Where, as in <c>SchemaResult.Positions</c>.</param>
/// <param name="Message">A sentence for a person.</param>
public sealed record LintFinding(string Rule, string Path, string Message);
