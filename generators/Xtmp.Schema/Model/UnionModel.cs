namespace Xtmp.Schema;

/// <summary>
/// One of several structs: MessagePack array [tag, struct]. A tag this schema does not know is kept raw.
/// </summary>
public sealed record UnionModel
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public string Doc { get; init; } = "";

    /// <summary>In order of their tags.</summary>
    public EquatableArray<UnionArmModel> Arms { get; init; }

    public EquatableArray<int> ReservedTags { get; init; }

    public EquatableArray<string> ReservedNames { get; init; }

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
