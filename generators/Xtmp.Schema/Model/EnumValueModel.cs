namespace Xtmp.Schema;

/// <summary>A named number of an enum or flags type.</summary>
/// <param name="Name">As in the schema, for example <c>in_progress</c>; also its text in JSON.</param>
/// <param name="ClrName">For example <c>InProgress</c>.</param>
public sealed record EnumValueModel(string Name, string ClrName, ulong Value, string Doc)
{
    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
