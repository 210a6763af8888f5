namespace Xtmp.Cli.Schema.Breaking;

/// <summary>A change that breaks somebody.</summary>
/// <param name="Class">The worst of what it breaks.</param>
/// <param name="Path">What changed, for example <c>messages.WalletTransaction.amount</c>; below a changed type, how it is reached.</param>
/// <param name="Message">A sentence for a person.</param>
public sealed record BreakingChange(BreakingClass Class, string Path, string Message)
{
    public override string ToString() => $"{Class.ToString().ToUpperInvariant()}: {Path}: {Message}";
}
