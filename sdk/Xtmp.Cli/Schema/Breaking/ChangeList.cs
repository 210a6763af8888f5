namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Changes as they are found.</summary>
internal sealed class ChangeList
{
    private readonly List<BreakingChange> _changes = [];

    public int Count => _changes.Count;

    public void Add(BreakingRule rule, string path, string message, string? newPath = null, BreakingClass? kind = null) =>
        _changes.Add(new(rule, kind ?? rule.Class, path, message) { NewPath = newPath });

    /// <summary>What was found from an index on concerns nobody outside a silo, whose processes share one schema.</summary>
    public void KeepInside(int from)
    {
        BreakingChange[] found = [.. _changes.Skip(from)];
        _changes.RemoveRange(from, found.Length);
        _changes.AddRange(found.Where(c => c.Class != BreakingClass.Version).Select(c => c with { Class = BreakingClass.Source }));
    }

    /// <summary>Each once, the worst class first, then by path.</summary>
    public IReadOnlyList<BreakingChange> Sorted() =>
        [.. _changes.Distinct().OrderBy(c => c.Class).ThenBy(c => c.Path, StringComparer.Ordinal).ThenBy(c => c.Message, StringComparer.Ordinal)];
}
