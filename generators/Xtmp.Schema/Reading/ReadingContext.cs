namespace Xtmp.Schema.Reading;

/// <summary>What the readers of one file share.</summary>
internal sealed class ReadingContext(string file, DiagnosticBag diagnostics)
{
    public string File { get; } = file;

    public DiagnosticBag Diagnostics { get; } = diagnostics;

    /// <summary>See <see cref="SchemaResult.Positions"/>.</summary>
    public Dictionary<string, SourcePosition> Positions { get; } = new(StringComparer.Ordinal);

    public SymbolTable Symbols { get; } = new();

    /// <summary>Names of the file's families, with their ranges.</summary>
    public Dictionary<string, FamilyModel> Families { get; } = new(StringComparer.Ordinal);

    /// <summary>True when a family could not be read: unknown families are then no news.</summary>
    public bool FamiliesIncomplete { get; set; }

    /// <summary>Names of the file's types, messages and handlers, for what may replace one.</summary>
    public HashSet<string> TopLevelNames { get; } = new(StringComparer.Ordinal);

    public string Namespace { get; set; } = "";

    public int Version { get; set; } = 65_535;

    /// <summary>True when an import could not be read: unknown types are then no news.</summary>
    public bool ImportsIncomplete { get; set; }

    public void Report(SchemaRule rule, Node node, string message, string? suggestion = null) =>
        Diagnostics.Add(rule, node.Position, message, suggestion);

    public void Report(SchemaRule rule, SourcePosition position, string message, string? suggestion = null) =>
        Diagnostics.Add(rule, position, message, suggestion);

    public void Mark(string path, Node node)
    {
        if (!Positions.ContainsKey(path))
        {
            Positions.Add(path, node.Position);
        }
    }
}
