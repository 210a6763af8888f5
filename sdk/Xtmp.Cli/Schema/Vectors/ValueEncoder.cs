using System.Numerics;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Encodes values by walking the model.</summary>
public sealed class ValueEncoder(IReadOnlyDictionary<string, object> types)
{
    public byte[] Encode(StructModel shape, StructValue value) => Join(Elements(shape, value));

    /// <summary>The encoded elements of a struct's array, without the header.</summary>
    public IReadOnlyList<byte[]> Elements(StructModel shape, StructValue value)
    {
        List<byte[]> elements = [];
        int known = shape.Fields.IsEmpty ? 0 : shape.Fields[^1].Id + 1;
        for (int id = 0; id < known; id++)
        {
            FieldModel? field = shape.Fields.FirstOrDefault(f => f.Id == id);
            bool present = field is not null && value.Fields.TryGetValue(id, out object? content) && !IsDefault(field, content);
            elements.Add(present ? Encode(field!.Type, value.Fields[id]) : [0xC0]);
        }

        elements.AddRange(value.Unknown);
        while (elements.Count > 0 && elements[^1] is [0xC0])
        {
            elements.RemoveAt(elements.Count - 1);
        }

        return elements;
    }

    /// <summary>Elements with the header of their count.</summary>
    public static byte[] Join(IReadOnlyList<byte[]> elements)
    {
        PackWriter writer = new PackWriter().ArrayHeader(elements.Count);
        foreach (byte[] element in elements)
        {
            writer.Raw(element);
        }

        return writer.ToArray();
    }

    public byte[] Encode(TypeModel type, object value)
    {
        PackWriter writer = new();
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return writer.Boolean((bool)value).ToArray();
            case TypeKind.F32:
                return writer.Float32((float)(double)value).ToArray();
            case TypeKind.F64:
                return writer.Float64((double)value).ToArray();
            case TypeKind.String:
                return writer.String((string)value).ToArray();
            case TypeKind.Bytes or TypeKind.Uuid:
                return writer.Binary((byte[])value).ToArray();
            case TypeKind.List:
                return Join([.. ((List<object>)value).Select(item => Encode(type.Element!, item))]);
            case TypeKind.Map:
                var entries = (List<KeyValuePair<object, object>>)value;
                writer.MapHeader(entries.Count);
                foreach ((object key, object item) in entries.Order(new KeyOrder()))
                {
                    writer.Raw(Encode(type.Key!, key)).Raw(Encode(type.Element!, item));
                }

                return writer.ToArray();
            case TypeKind.Struct:
                return Encode((StructModel)types[type.Named!.Name], (StructValue)value);
            case TypeKind.Union:
                return Encode((UnionModel)types[type.Named!.Name], (UnionValue)value);
            default:
                return writer.Integer((BigInteger)value).ToArray();
        }
    }

    public byte[] Encode(UnionModel union, UnionValue value)
    {
        PackWriter writer = new PackWriter().ArrayHeader(2).Integer(value.Tag);
        return (value.Value is byte[] raw ? writer.Raw(raw)
            : writer.Raw(Encode((StructModel)types[union.Arms.First(a => a.Tag == value.Tag).Type.Name], (StructValue)value.Value))).ToArray();
    }

    public object? DefaultOf(FieldModel field) => field.Default switch
    {
        null => null,
        { Boolean: { } b } => b,
        { Integer: { } i } => i,
        { Number: { } n } => n,
        { Text: { } text } => text,
        { Member: var member } => (BigInteger)((EnumModel)types[field.Type.Named!.Name]).Values.First(v => v.Name == member).Value,
    };

    private bool IsDefault(FieldModel field, object value) => DefaultOf(field) is { } defaultValue && defaultValue.Equals(value);

    /// <summary>Integers and enums by number, strings and uuids by bytes.</summary>
    private sealed class KeyOrder : IComparer<KeyValuePair<object, object>>
    {
        public int Compare(KeyValuePair<object, object> a, KeyValuePair<object, object> b) => (a.Key, b.Key) switch
        {
            (BigInteger x, BigInteger y) => x.CompareTo(y),
            (string x, string y) => System.Text.Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(y)),
            (byte[] x, byte[] y) => x.AsSpan().SequenceCompareTo(y),
            _ => throw new InvalidOperationException("A map's key is an integer, string, uuid or enum."),
        };
    }
}
