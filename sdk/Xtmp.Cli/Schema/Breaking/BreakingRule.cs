namespace Xtmp.Cli.Schema.Breaking;

/// <summary>A kind of breaking change.</summary>
/// <param name="Id">For <c>--ignore</c>, for example <c>FIELD_RENUMBERED</c>.</param>
/// <param name="Class">Whom it breaks; where the change stays inside a silo, less.</param>
/// <param name="Doc">What it means and what to do.</param>
public sealed record BreakingRule(string Id, BreakingClass Class, string Doc);
