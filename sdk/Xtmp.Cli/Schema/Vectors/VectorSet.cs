using System.Numerics;
using System.Text.Json.Nodes;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>All vectors of one struct or message.</summary>
public sealed class VectorSet
{
    private const int UnknownTag = 60_000;

    private readonly IReadOnlyDictionary<string, object> _types;
    private readonly ValueMaker _maker;
    private readonly ValueEncoder _encoder;
    private readonly ValueJson _json;
    private readonly StructModel _shape;

    public VectorSet(IReadOnlyDictionary<string, object> types, StructModel shape)
    {
        (_types, _shape) = (types, shape);
        _maker = new(types);
        _encoder = new(types);
        _json = new(types);
    }

    /// <summary>Good encodings with their values; names are unique.</summary>
    public IEnumerable<(string Name, byte[] Bytes, JsonObject Json)> Valid()
    {
        HashSet<string> seen = [];
        foreach ((string name, StructValue value) in Values())
        {
            byte[] bytes = _encoder.Encode(_shape, value);
            if (seen.Add(Convert.ToHexString(bytes)))
            {
                yield return (name, bytes, _json.Show(_shape, value));
            }
        }
    }

    private IEnumerable<(string Name, StructValue Value)> Values()
    {
        yield return ("least", Make(VectorVariant.Min, 0));
        StructValue typical = Make(VectorVariant.Typical, 0);
        yield return ("typical", typical);
        yield return ("greatest", Make(VectorVariant.Max, 0));
        for (int arm = 1; arm < MaxArms(); arm++)
        {
            yield return ($"arm {arm}", Make(VectorVariant.Typical, arm));
        }

        StructValue min = Make(VectorVariant.Min, 0);
        foreach (FieldModel field in _shape.Fields.Where(f => !f.Required))
        {
            yield return ($"only {field.Name}", min with { Fields = With(min, field.Id, typical.Fields[field.Id]) });
        }

        foreach (FieldModel field in _shape.Fields.Where(f => f.Type.Kind is TypeKind.Enum or TypeKind.Flags))
        {
            if (UnknownNumber((EnumModel)_types[field.Type.Named!.Name]) is { } number)
            {
                yield return ($"unknown {field.Name}", typical with { Fields = With(typical, field.Id, number) });
            }
        }

        foreach (FieldModel field in _shape.Fields.Where(f => f.Type.Kind == TypeKind.Union))
        {
            yield return ($"unknown arm of {field.Name}", typical with { Fields = With(typical, field.Id, new UnionValue(UnknownTag, (byte[])[0x92, 0x01, 0xA1, 0x78])) });
        }

        // One number, an absent field and a text, as a newer schema might add them.
        yield return ("unknown fields", typical with { Unknown = [[0x07], [0xC0], [0xA3, 0x6E, 0x65, 0x77]] });
    }

    /// <summary>Encodings with one fault each.</summary>
    public IEnumerable<InvalidVector> Invalid()
    {
        StructValue typical = Make(VectorVariant.Typical, 0);
        IReadOnlyList<byte[]> elements = _encoder.Elements(_shape, typical);
        byte[] good = ValueEncoder.Join(elements);
        yield return new("nothing", [], "Truncated", null);
        yield return new("nil", [0xC0], "WrongType", null);
        yield return new("map", [0x80], "WrongType", null);
        if (good.Length > 1)
        {
            yield return new("last byte missing", good[..^1], "Truncated", null);
        }

        yield return new("longer header", [.. new PackWriter().Sized(0xDD, 4, elements.Count).ToArray(), .. elements.SelectMany(e => e)], "NotCanonical", null);
        yield return new("nil at the end", ValueEncoder.Join([.. elements, [0xC0]]), "NotCanonical", FieldFaults.NameAt(_shape, elements.Count));
        yield return new("unknown field in a longer form", ValueEncoder.Join([.. Padded(elements), [0xCC, 0x05]]), "NotCanonical", null);
        yield return new("unknown field of an extension type", ValueEncoder.Join([.. Padded(elements), [0xD4, 0x01, 0x00]]), "WrongType", null);
        yield return new("unknown field cut off", ValueEncoder.Join([.. Padded(elements), [0xA5, 0x61]]), "Truncated", null);
        if (_shape.Fields.LastOrDefault(f => f.Required) is { } last)
        {
            yield return EndsInNil(elements, last.Id)
                ? new("too few fields", ValueEncoder.Join([]), "MissingField", _shape.Fields.First(f => f.Required).Name)
                : new("too few fields", ValueEncoder.Join([.. elements.Take(last.Id)]), "MissingField", last.Name);
        }

        foreach (int gap in Enumerable.Range(0, elements.Count).Where(i => _shape.Fields.All(f => f.Id != i)))
        {
            yield return new($"value at the reserved id {gap}", Replace(elements, gap, [0x01]), "WrongType", null);
        }

        FieldFaults faults = new(_types);
        foreach (FieldModel field in _shape.Fields)
        {
            foreach (var fault in faults.Of(field, typical.Fields[field.Id]))
            {
                yield return fault with { Name = $"{field.Name}: {fault.Name}", Bytes = Replace(elements, field.Id, fault.Bytes) };
            }
        }
    }

    private StructValue Make(VectorVariant variant, int arm) => _maker.Make(_shape, variant, arm, _shape.Name);

    private static Dictionary<int, object> With(StructValue value, int id, object content) => new(value.Fields) { [id] = content };

    private static byte[] Replace(IReadOnlyList<byte[]> elements, int id, byte[] element)
    {
        List<byte[]> changed = [.. elements];
        while (changed.Count <= id)
        {
            changed.Add([0xC0]);
        }

        changed[id] = element;
        return ValueEncoder.Join(changed);
    }

    /// <summary>Elements filled up to the last known id, so that what follows is unknown.</summary>
    private IEnumerable<byte[]> Padded(IReadOnlyList<byte[]> elements)
    {
        int known = _shape.Fields.IsEmpty ? 0 : _shape.Fields[^1].Id + 1;
        return elements.Concat(Enumerable.Repeat((byte[])[0xC0], known - elements.Count));
    }

    private static bool EndsInNil(IReadOnlyList<byte[]> elements, int count) => count > 0 && elements[count - 1] is [0xC0];

    /// <summary>The greatest number of arms of a union that the shape holds at any depth.</summary>
    private int MaxArms()
    {
        HashSet<string> seen = [];
        Stack<string> waiting = new(TypeGraph.Uses(_shape));
        int max = 1;
        while (waiting.TryPop(out string? name))
        {
            if (!seen.Add(name) || !_types.TryGetValue(name, out object? type))
            {
                continue;
            }

            max = type is UnionModel union ? Math.Max(max, union.Arms.Count) : max;
            foreach (string used in TypeGraph.Uses(type))
            {
                waiting.Push(used);
            }
        }

        return max;
    }

    private static object? UnknownNumber(EnumModel model)
    {
        BigInteger max = IntegerRange.Of(model.Underlying)!.Value.Max;
        return model.Values.All(v => v.Value != max) ? max : null;
    }
}
