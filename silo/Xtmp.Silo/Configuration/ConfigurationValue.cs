namespace Xtmp.Silo;

/// <summary>What one source of the configuration says about one key: a scalar, a list or a table.</summary>
internal sealed record ConfigurationValue
{
    public string? Scalar { get; init; }

    /// <summary>Names and values below the key, in order; of a list the names are its indexes.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Children { get; init; } = [];

    /// <summary>The items of a list. An environment variable has no lists: commas separate its items.</summary>
    public IEnumerable<string> Items => Children.Count > 0
        ? Children.Select(child => child.Value)
        : (Scalar ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
