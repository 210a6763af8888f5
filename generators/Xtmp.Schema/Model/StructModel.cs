namespace Xtmp.Schema;

/// <summary>
/// Fields in a MessagePack array whose index is the field id. Used for structs and, by <see cref="MessageModel.Shape"/>,
/// for messages.
/// </summary>
public sealed record StructModel
{
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public string Doc { get; init; } = "";

    /// <summary>In order of their ids. Ids may have gaps where one is reserved: a gap is nil on the wire.</summary>
    public EquatableArray<FieldModel> Fields { get; init; }

    /// <summary>Fields that could not be read; only in a draft.</summary>
    public EquatableArray<UnreadableMember> UnreadableFields { get; init; }

    public EquatableArray<int> ReservedIds { get; init; }

    public EquatableArray<string> ReservedNames { get; init; }

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
