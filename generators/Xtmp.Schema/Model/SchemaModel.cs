namespace Xtmp.Schema;

/// <summary>
/// One schema file, resolved and checked. Holds no positions, comments or YAML: two files that differ only in those
/// give equal models.
/// </summary>
public sealed record SchemaModel
{
    /// <summary>Lower-case protocol name, for example <c>xtmp</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>C# namespace of everything generated from this file.</summary>
    public required string Namespace { get; init; }

    /// <summary>Schema version, from 1.</summary>
    public required int Version { get; init; }

    public string Doc { get; init; } = "";

    /// <summary>Imported schemas. Their types may be named here; their code is generated from their own files.</summary>
    public EquatableArray<SchemaModel> Imports { get; init; }

    public EquatableArray<FamilyModel> Families { get; init; }

    /// <summary>Enums and flags, in file order.</summary>
    public EquatableArray<EnumModel> Enums { get; init; }

    public EquatableArray<StructModel> Structs { get; init; }

    public EquatableArray<UnionModel> Unions { get; init; }

    public EquatableArray<MessageModel> Messages { get; init; }

    public EquatableArray<HandlerModel> Handlers { get; init; }
}
