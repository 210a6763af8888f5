namespace Xtmp.Schema;

/// <summary>An arm of a union.</summary>
/// <param name="Tag">0–65535, never changes once published.</param>
/// <param name="Name">snake_case, as in the schema and in JSON.</param>
/// <param name="ClrName">PascalCase.</param>
/// <param name="Type">Always a struct. Two arms may hold the same struct.</param>
public sealed record UnionArmModel(int Tag, string Name, string ClrName, NamedTypeModel Type, string Doc)
{
    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
