namespace Xtmp.Schema;

/// <summary>
/// An open enum or a set of flags. A number that has no name is kept as it came.
/// </summary>
public sealed record EnumModel
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public string Doc { get; init; } = "";

    /// <summary><see cref="TypeKind.U8"/>, <see cref="TypeKind.U16"/>, <see cref="TypeKind.U32"/> or <see cref="TypeKind.U64"/>.</summary>
    public required TypeKind Underlying { get; init; }

    /// <summary>True for flags: values are single bits, and 0 where it has a name.</summary>
    public bool IsFlags { get; init; }

    /// <summary>In order of their numbers.</summary>
    public EquatableArray<EnumValueModel> Values { get; init; }

    public EquatableArray<ulong> ReservedValues { get; init; }

    public EquatableArray<string> ReservedNames { get; init; }

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
