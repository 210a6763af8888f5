namespace Xtmp.Schema;

/// <summary>What may stand behind a key.</summary>
public sealed record ValueRule(ValueForm Form)
{
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>For <see cref="ValueForm.Integer"/>, inclusive.</summary>
    public long Min { get; init; }

    /// <summary>For <see cref="ValueForm.Integer"/>, inclusive.</summary>
    public long Max { get; init; }

    /// <summary>For the node forms.</summary>
    public NodeRule? Node { get; init; }

    /// <summary>For <see cref="ValueForm.NodeMap"/>: names are PascalCase (types), else snake_case.</summary>
    public bool TypeNames { get; init; }
}
