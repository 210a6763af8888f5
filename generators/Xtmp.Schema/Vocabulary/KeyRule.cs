namespace Xtmp.Schema;

/// <summary>A key of the schema language.</summary>
public sealed record KeyRule(string Name, ValueRule Value, string Doc)
{
    public bool Required { get; init; }
}
