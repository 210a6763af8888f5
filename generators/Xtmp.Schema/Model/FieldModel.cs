namespace Xtmp.Schema;

/// <summary>A field of a struct or message.</summary>
public sealed record FieldModel
{
    /// <summary>Index in the MessagePack array; never changes once published.</summary>
    public required int Id { get; init; }

    /// <summary>snake_case, as in the schema and in JSON.</summary>
    public required string Name { get; init; }

    /// <summary>PascalCase.</summary>
    public required string ClrName { get; init; }

    public required TypeModel Type { get; init; }

    /// <summary>True for <c>T?</c>: absent is nil on the wire and null in C#.</summary>
    public bool Optional { get; init; }

    /// <summary>
    /// The value an absent field has. The field is then not nullable and not required in C#, and on the wire a value
    /// equal to it is always left out: writing it is not canonical.
    /// </summary>
    public DefaultModel? Default { get; init; }

    /// <summary>True when the sender must write it: neither optional nor with a default.</summary>
    public bool Required => !Optional && Default is null;

    /// <summary>Redacted in text and JSON; its message is never compressed.</summary>
    public bool Secret { get; init; }

    /// <summary>Unit for people, for example <c>ms</c> or <c>minor units</c>.</summary>
    public string? Unit { get; init; }

    public string Doc { get; init; } = "";

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
