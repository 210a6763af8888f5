using System.Numerics;
using Xtmp.Cli.Schema.Vectors;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Reference;

/// <summary>How many bytes values of a type take on the wire, by the rules of the language's encoding.</summary>
public sealed class EncodedSizes(IReadOnlyDictionary<string, object> types)
{
    private readonly Dictionary<string, SizeRange> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    public SizeRange OfField(FieldModel field)
    {
        SizeRange size = OfType(field.Type);
        return field.Required ? size : SizeRange.Exactly(1).Or(size);
    }

    public SizeRange OfType(TypeModel type) => type.Kind switch
    {
        TypeKind.Bool => SizeRange.Exactly(1),
        TypeKind.F32 => SizeRange.Exactly(5),
        TypeKind.F64 => SizeRange.Exactly(9),
        TypeKind.Uuid => SizeRange.Exactly(18),
        TypeKind.U128 => new(Unsigned(type.Min ?? 0), Unsigned(type.Max ?? (BigInteger.One << 128) - 1)),
        TypeKind.String => Lengths(type, StringHeader),
        TypeKind.Bytes => Lengths(type, BinaryHeader),
        TypeKind.List => Collection(type, OfType(type.Element!)),
        TypeKind.Map => Collection(type, OfType(type.Key!) + OfType(type.Element!)),
        TypeKind.Enum or TypeKind.Flags => Integers(type.Named!.Underlying!.Value, null, null),
        TypeKind.Struct or TypeKind.Union => OfNamed(type.Named!.Name),
        _ => Integers(type.Kind, type.Min, type.Max),
    };

    /// <summary>A struct or message: the array header and its fields, without fields a newer schema may add.</summary>
    public SizeRange OfShape(StructModel shape)
    {
        int all = shape.Fields.Count == 0 ? 0 : shape.Fields[^1].Id + 1;
        int required = shape.Fields.Where(f => f.Required).Select(f => f.Id + 1).DefaultIfEmpty(0).Max();
        long gapsBelow = required - shape.Fields.Count(f => f.Id < required);
        long min = ArrayHeader(required) + gapsBelow + shape.Fields.Where(f => f.Id < required).Sum(f => OfField(f).Min);
        long? max = ArrayHeader(all) + (all - shape.Fields.Count);
        foreach (FieldModel field in shape.Fields)
        {
            max += OfField(field).Max;
        }

        return new(min, max);
    }

    private SizeRange OfNamed(string name)
    {
        if (_known.TryGetValue(name, out SizeRange known))
        {
            return known;
        }

        if (!types.TryGetValue(name, out object? type) || !_open.Add(name))
        {
            return new(1, null);
        }

        SizeRange size = type switch
        {
            StructModel s => OfShape(s),
            UnionModel u => SizeRange.Exactly(1) + u.Arms.Select(a => SizeRange.Exactly(Unsigned(a.Tag)) + OfNamed(a.Type.Name)).Aggregate((a, b) => a.Or(b)),
            _ => new(1, null),
        };
        _open.Remove(name);
        return _known[name] = size;
    }

    private static SizeRange Integers(TypeKind kind, BigInteger? min, BigInteger? max)
    {
        (BigInteger low, BigInteger high) = IntegerRange.Of(kind)!.Value;
        low = min ?? low;
        high = max ?? high;
        int shortest = low <= 127 && high >= -32 ? 1 : Math.Min(Integer(low), Integer(high));
        return new(shortest, Math.Max(Integer(low), Integer(high)));
    }

    private static int Integer(BigInteger value) =>
        value >= 0 ? Unsigned(value) : value >= -32 ? 1 : value >= sbyte.MinValue ? 2 : value >= short.MinValue ? 3 : value >= int.MinValue ? 5 : 9;

    private static int Unsigned(BigInteger value) =>
        value < 128 ? 1 : value <= byte.MaxValue ? 2 : value <= ushort.MaxValue ? 3 : value <= uint.MaxValue ? 5 : value <= ulong.MaxValue ? 9 : 18;

    private static SizeRange Lengths(TypeModel type, Func<long, long> header) =>
        new(header(type.MinLength) + type.MinLength, header(type.MaxLength) + type.MaxLength);

    private static SizeRange Collection(TypeModel type, SizeRange element) =>
        new(ArrayHeader(type.MinLength) + (type.MinLength * element.Min), ArrayHeader(type.MaxLength) + (type.MaxLength * element.Max));

    private static long StringHeader(long length) => length < 32 ? 1 : length <= byte.MaxValue ? 2 : length <= ushort.MaxValue ? 3 : 5;

    private static long BinaryHeader(long length) => length <= byte.MaxValue ? 2 : length <= ushort.MaxValue ? 3 : 5;

    private static long ArrayHeader(long count) => count < 16 ? 1 : count <= ushort.MaxValue ? 3 : 5;
}
