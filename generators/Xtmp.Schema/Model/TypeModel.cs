using System.Numerics;

namespace Xtmp.Schema;

/// <summary>
/// A resolved field type with its limits: a tree, because lists and maps hold types with limits of their own.
/// </summary>
public sealed record TypeModel
{
    public required TypeKind Kind { get; init; }

    /// <summary>N of bytes[N].</summary>
    public int? FixedLength { get; init; }

    /// <summary>Enums, flags, structs and unions.</summary>
    public NamedTypeModel? Named { get; init; }

    /// <summary>Element of a list, value of a map. Never optional.</summary>
    public TypeModel? Element { get; init; }

    /// <summary>Key of a map: an integer, string, uuid or enum.</summary>
    public TypeModel? Key { get; init; }

    /// <summary>
    /// Smallest value, where the schema states one: integers and u128; timestamps and durations in µs.
    /// Null means the type's own range.
    /// </summary>
    public BigInteger? Min { get; init; }

    /// <summary>Greatest value, inclusive.</summary>
    public BigInteger? Max { get; init; }

    /// <summary>Smallest value of f32 and f64.</summary>
    public double? MinNumber { get; init; }

    public double? MaxNumber { get; init; }

    /// <summary>Least UTF-8 bytes of a string, bytes of bytes, elements of a list or entries of a map.</summary>
    public int MinLength { get; init; }

    /// <summary>
    /// Most of the same; always set for these kinds, from the schema or from <see cref="SchemaLimits"/>. Equal to
    /// <see cref="FixedLength"/> for bytes[N].
    /// </summary>
    public int MaxLength { get; init; }

    /// <summary>Only for strings.</summary>
    public PatternModel? Pattern { get; init; }

    /// <summary>The type as the schema writes it, for example <c>list&lt;NotaryApproval&gt;</c>.</summary>
    public override string ToString() => Kind switch
    {
        TypeKind.Bytes when FixedLength is { } n => "bytes[" + n.ToString(System.Globalization.CultureInfo.InvariantCulture) + "]",
        TypeKind.List => $"list<{Element}>",
        TypeKind.Map => $"map<{Key}, {Element}>",
        TypeKind.Enum or TypeKind.Flags or TypeKind.Struct or TypeKind.Union => Named!.Name,
        _ => Kind.ToString().ToLowerInvariant(),
    };
}
