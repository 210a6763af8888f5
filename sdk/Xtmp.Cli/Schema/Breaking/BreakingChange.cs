namespace Xtmp.Cli.Schema.Breaking;

/// <summary>A change that breaks somebody.</summary>
/// <param name="Rule">Which rule found it.</param>
/// <param name="Class">The worst of what it breaks.</param>
/// <param name="Path">What changed, by its old name, for example <c>messages.WalletTransaction.amount</c>; below a changed type, how it is reached.</param>
/// <param name="Message">A sentence for a person.</param>
public sealed record BreakingChange(BreakingRule Rule, BreakingClass Class, string Path, string Message)
{
    /// <summary>The path by its new name, where it has one.</summary>
    public string? NewPath { get; init; }

    public override string ToString() => $"{Class.ToString().ToUpperInvariant()}: {Path}: {Message}";
}
