using System.Numerics;
using Xtmp.Protocol;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Messages.Tests;

/// <summary>
/// Random canonical encodings of schema types, made from the model alone: what a correct peer may send. The same seed
/// gives the same bytes.
/// </summary>
internal sealed class WireValues(IReadOnlyDictionary<string, object> types, int seed)
{
    /// <summary>Nesting beyond which optional fields stay absent and lists empty, so that recursive types end.</summary>
    private const int Deep = 4;

    private readonly Random _random = new(seed);

    public Random Random => _random;

    public byte[] Named(string name, int depth = 0) => types[name] switch
    {
        StructModel shape => Struct(shape, depth),
        MessageModel message => Struct(message.Shape, depth),
        UnionModel union => Union(union, depth),
        var other => throw new InvalidOperationException($"{name} is a {other.GetType().Name}."),
    };

    /// <summary>The elements of a struct's array, up to the last that is not nil.</summary>
    public List<byte[]> Elements(StructModel shape, int depth = 0)
    {
        var elements = new List<byte[]>();
        foreach (var field in shape.Fields)
        {
            while (elements.Count < field.Id)
            {
                elements.Add(PlainPack.Nil);
            }

            elements.Add(Field(field, depth));
        }

        while (elements.Count > 0 && elements[^1].AsSpan().SequenceEqual(PlainPack.Nil))
        {
            elements.RemoveAt(elements.Count - 1);
        }

        return elements;
    }

    /// <summary>A value of any type, as a newer schema might add; never nil, so that it may be the last element.</summary>
    public byte[] Anything(int depth = 0) => _random.Next(depth > 2 ? 6 : 8) switch
    {
        0 => PlainPack.Boolean(_random.Next(2) == 0),
        1 => PlainPack.Integer(Number(long.MinValue, ulong.MaxValue)),
        2 => PlainPack.Float64(_random.NextDouble()),
        3 => PlainPack.Float32(_random.NextSingle()),
        4 => PlainPack.Text(Text(0, 50)),
        5 => PlainPack.Binary(Bytes(_random.Next(300))),
        6 => PlainPack.Array([.. Enumerable.Range(0, _random.Next(20)).Select(_ => Anything(depth + 1))]),
        _ => PlainPack.Map([.. Enumerable.Range(0, _random.Next(5)).Select(i => (PlainPack.Integer(i), Anything(depth + 1)))]),
    };

    private byte[] Struct(StructModel shape, int depth) => PlainPack.Array(Elements(shape, depth));

    private byte[] Field(FieldModel field, int depth)
    {
        if (!field.Required && (depth > Deep || _random.Next(5) < 2))
        {
            return PlainPack.Nil;
        }

        var value = Value(field.Type, depth + 1);
        return field.Default is { } standard && value.AsSpan().SequenceEqual(Default(field.Type, standard)) ? PlainPack.Nil : value;
    }

    private byte[] Default(TypeModel type, DefaultModel value) => type.Kind switch
    {
        TypeKind.Bool => PlainPack.Boolean(value.Boolean!.Value),
        TypeKind.F32 => PlainPack.Float32((float)value.Number!.Value),
        TypeKind.F64 => PlainPack.Float64(value.Number!.Value),
        TypeKind.String => PlainPack.Text(value.Text!),
        TypeKind.U128 => PlainPack.UInt128(value.Integer!.Value),
        TypeKind.Enum or TypeKind.Flags => PlainPack.Integer(((EnumModel)types[type.Named!.Name]).Values.Single(v => v.Name == value.Member).Value),
        _ => PlainPack.Integer(value.Integer!.Value),
    };

    private byte[] Union(UnionModel union, int depth)
    {
        int choice = _random.Next(union.Arms.Count + 1);
        if (choice < union.Arms.Count)
        {
            var arm = union.Arms[choice];
            return PlainPack.Array([PlainPack.Integer(arm.Tag), Named(arm.Type.Name, depth + 1)]);
        }

        int tag = Enumerable.Range(1, SchemaLimits.MaxTag).First(t => union.Arms.All(a => a.Tag != t));
        return PlainPack.Array([PlainPack.Integer(tag), Anything(1)]);
    }

    private byte[] Value(TypeModel type, int depth)
    {
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return PlainPack.Boolean(_random.Next(2) == 0);
            case TypeKind.F32:
                return PlainPack.Float32((float)Real(type));
            case TypeKind.F64:
                return PlainPack.Float64(Real(type));
            case TypeKind.String:
                return PlainPack.Text(type.Pattern is { } pattern ? Matching(pattern, type.MinLength, type.MaxLength) : Text(type.MinLength, type.MaxLength));
            case TypeKind.Bytes:
                return PlainPack.Binary(Bytes(Length(type)));
            case TypeKind.Uuid:
                return PlainPack.Binary(Bytes(16));
            case TypeKind.U128:
                return PlainPack.UInt128(Number(type.Min ?? 0, type.Max ?? (BigInteger.One << 128) - 1));
            case TypeKind.List:
                int count = depth > Deep ? type.MinLength : Length(type);
                return PlainPack.Array([.. Enumerable.Range(0, count).Select(_ => Value(type.Element!, depth + 1))]);
            case TypeKind.Map:
                return Map(type, depth);
            case TypeKind.Struct or TypeKind.Union:
                return Named(type.Named!.Name, depth);
            default:
                var (min, max) = Range(type);
                return PlainPack.Integer(Number(type.Min ?? min, type.Max ?? max));
        }
    }

    private byte[] Map(TypeModel type, int depth)
    {
        int count = depth > Deep ? type.MinLength : Length(type);
        var entries = new Dictionary<string, (byte[] Order, byte[] Key)>();
        for (int i = 0; i < count * 3 && entries.Count < count; i++)
        {
            var (order, key) = Key(type.Key!);
            entries.TryAdd(Convert.ToHexString(key), (order, key));
        }

        var sorted = entries.Values.OrderBy(e => e.Order, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        return PlainPack.Map([.. sorted.Select(e => (e.Key, Value(type.Element!, depth + 1)))]);
    }

    /// <summary>A key, and bytes whose order is that of the keys.</summary>
    private (byte[] Order, byte[] Key) Key(TypeModel type)
    {
        if (type.Kind == TypeKind.String)
        {
            var text = type.Pattern is { } pattern ? Matching(pattern, type.MinLength, type.MaxLength) : Text(type.MinLength, type.MaxLength);
            return (Encoding.UTF8.GetBytes(text), PlainPack.Text(text));
        }

        if (type.Kind == TypeKind.Uuid)
        {
            var bytes = Bytes(16);
            return (bytes, PlainPack.Binary(bytes));
        }

        var (min, max) = Range(type);
        var number = Number(type.Min ?? min, type.Max ?? max);
        var shifted = (number + (BigInteger.One << 64)).ToByteArray(isUnsigned: true, isBigEndian: true);
        return ([.. new byte[10 - shifted.Length], .. shifted], PlainPack.Integer(number));
    }

    private (BigInteger Min, BigInteger Max) Range(TypeModel type) => (type.Kind is TypeKind.Enum or TypeKind.Flags ? type.Named!.Underlying!.Value : type.Kind) switch
    {
        TypeKind.U8 => (0, byte.MaxValue),
        TypeKind.U16 => (0, ushort.MaxValue),
        TypeKind.U32 => (0, uint.MaxValue),
        TypeKind.U64 => (0, ulong.MaxValue),
        TypeKind.I8 => (sbyte.MinValue, sbyte.MaxValue),
        TypeKind.I16 => (short.MinValue, short.MaxValue),
        TypeKind.I32 => (int.MinValue, int.MaxValue),
        TypeKind.I64 => (long.MinValue, long.MaxValue),
        TypeKind.Timestamp => (-62135596800000000, 253402300799999999),
        TypeKind.Duration => (-922337203685477580, 922337203685477580),
        var kind => throw new InvalidOperationException($"{kind} is no integer."),
    };

    /// <summary>Often at an end, otherwise of any magnitude.</summary>
    private BigInteger Number(BigInteger min, BigInteger max)
    {
        switch (_random.Next(6))
        {
            case 0:
                return min;
            case 1:
                return max;
            default:
                var wide = new BigInteger(Bytes(17), isUnsigned: true) >> _random.Next(136);
                var signed = min < 0 && _random.Next(2) == 0 ? -wide : wide;
                return signed < min || signed > max ? min + (wide % (max - min + 1)) : signed;
        }
    }

    private double Real(TypeModel type)
    {
        double min = type.MinNumber ?? -1e6;
        double max = type.MaxNumber ?? 1e6;
        return _random.Next(4) switch { 0 => min, 1 => max, _ => min + (_random.NextDouble() * (max - min)) };
    }

    private int Length(TypeModel type)
    {
        int max = Math.Min(type.MaxLength, type.MinLength + (type.Kind is TypeKind.List or TypeKind.Map ? 20 : 400));
        return _random.Next(8) == 0 ? max : type.MinLength + _random.Next(Math.Min(max - type.MinLength, 8) + 1);
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Text of a number of UTF-8 bytes between the limits, mostly ASCII, sometimes of longer code points.</summary>
    private string Text(int min, int max)
    {
        int wanted = Math.Min(max, min + (_random.Next(6) == 0 ? 300 : _random.Next(24)));
        string[] pieces = _random.Next(3) == 0 ? ["a", "Z", " ", "é", "水", "\ud83d\ude80", "\uffee", "\0"] : ["a", "b", "Q", "7", "-"];
        var text = new StringBuilder();
        int bytes = 0;
        while (bytes < wanted)
        {
            var piece = pieces[_random.Next(pieces.Length)];
            int size = Encoding.UTF8.GetByteCount(piece);
            if (bytes + size > wanted)
            {
                piece = "x";
                size = 1;
            }

            text.Append(piece);
            bytes += size;
        }

        return text.ToString();
    }

    /// <summary>A random walk through a pattern's automaton that ends in an accepting state within the lengths.</summary>
    private string Matching(PatternModel pattern, int min, int max)
    {
        int limit = Math.Min(max, min + 12);
        var text = new StringBuilder();
        if (Walk(0, text))
        {
            return text.ToString();
        }

        throw new InvalidOperationException($"Nothing of {min} to {max} bytes matches {pattern.Text}.");

        bool Walk(int state, StringBuilder way)
        {
            if (way.Length >= min && pattern.Accepting[state] && (way.Length >= limit || _random.Next(4) == 0))
            {
                return true;
            }

            if (way.Length < limit)
            {
                foreach (int symbol in Enumerable.Range(0, pattern.ClassCount).OrderBy(_ => _random.Next()))
                {
                    int next = pattern.Transitions[(state * pattern.ClassCount) + symbol];
                    if (next < 0)
                    {
                        continue;
                    }

                    var members = Enumerable.Range(0, 128).Where(c => pattern.Classes[c] == symbol).ToArray();
                    way.Append((char)members[_random.Next(members.Length)]);
                    if (Walk(next, way))
                    {
                        return true;
                    }

                    way.Length--;
                }
            }

            return way.Length >= min && pattern.Accepting[state];
        }
    }
}
