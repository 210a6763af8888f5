namespace Xtmp.Schema.Reading;

/// <summary>The greatest encoding that the limits of a schema allow (LANGUAGE.md, "Encoding").</summary>
internal sealed class EncodedSize(TypeGraph graph)
{
    /// <summary>Stands for all that is larger.</summary>
    private const long Saturated = int.MaxValue;

    private readonly Dictionary<string, long> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    public static SchemaModel Decide(SchemaModel model)
    {
        var sizes = new EncodedSize(TypeGraph.Of(model));
        return model with { Messages = new(model.Messages.Select(m => m with { MaxEncodedSize = (int)sizes.OfNamed(m.Name) })) };
    }

    private long OfNamed(string name)
    {
        if (_known.TryGetValue(name, out var known))
        {
            return known;
        }
        // A type inside itself has no greatest size.
        if (!_open.Add(name))
        {
            return Saturated;
        }
        var size = graph.All.TryGetValue(name, out var type) ? type switch
        {
            StructModel s => OfFields(s),
            MessageModel m => OfFields(m.Shape),
            UnionModel u => 1 + OfInteger(ushort.MaxValue) + u.Arms.Select(a => OfNamed(a.Type.Name)).DefaultIfEmpty(0).Max(),
            EnumModel e => OfKind(e.Underlying),
            _ => Saturated,
        } : Saturated;
        _open.Remove(name);
        return _known[name] = Math.Min(size, Saturated);
    }

    private long OfFields(StructModel shape)
    {
        var slots = shape.Fields.IsEmpty ? 0 : shape.Fields.Max(f => f.Id) + 1;
        // An id without a field is one byte of nil.
        var size = OfCount(slots) + slots - shape.Fields.Count;
        foreach (var field in shape.Fields)
        {
            size = Math.Min(Saturated, size + OfType(field.Type));
        }
        return size;
    }

    private long OfType(TypeModel type) => type.Kind switch
    {
        TypeKind.String => OfLength(type.MaxLength, 31) + type.MaxLength,
        TypeKind.Bytes => OfLength(type.FixedLength ?? type.MaxLength, 0) + (type.FixedLength ?? type.MaxLength),
        TypeKind.List => Times(type.MaxLength, OfType(type.Element!)),
        TypeKind.Map => Times(type.MaxLength, OfType(type.Key!) + OfType(type.Element!)),
        _ when type.Named is { } named => OfNamed(named.Name),
        _ => OfKind(type.Kind),
    };

    private static long Times(long count, long each) => each >= Saturated ? Saturated : Math.Min(Saturated, OfCount(count) + (count * each));

    private static long OfKind(TypeKind kind) => kind switch
    {
        TypeKind.Bool => 1,
        TypeKind.U8 or TypeKind.I8 => 2,
        TypeKind.U16 or TypeKind.I16 => 3,
        TypeKind.U32 or TypeKind.I32 or TypeKind.F32 => 5,
        TypeKind.Uuid or TypeKind.U128 => 18,
        _ => 9,
    };

    private static long OfInteger(long value) => value <= 127 ? 1 : value <= byte.MaxValue ? 2 : value <= ushort.MaxValue ? 3 : 5;

    private static long OfCount(long count) => count <= 15 ? 1 : count <= ushort.MaxValue ? 3 : 5;

    private static long OfLength(long length, long fix) => length <= fix ? 1 : length <= byte.MaxValue ? 2 : length <= ushort.MaxValue ? 3 : 5;
}
