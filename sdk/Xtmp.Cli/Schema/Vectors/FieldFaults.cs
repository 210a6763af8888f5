using System.Numerics;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>Encodings of a field that a strict reader refuses, each with one fault.</summary>
public sealed class FieldFaults(IReadOnlyDictionary<string, object> types)
{
    private readonly ValueEncoder _encoder = new(types);

    /// <param name="field">The field.</param>
    /// <param name="good">A good value of it.</param>
    public IEnumerable<InvalidVector> Of(FieldModel field, object good)
    {
        if (field.Required)
        {
            yield return new("nil", [0xC0], "MissingField", field.Name);
        }

        if (field.Default is not null)
        {
            yield return new("default written out", _encoder.Encode(field.Type, _encoder.DefaultOf(field)!), "NotCanonical", field.Name);
        }

        foreach (var fault in OfType(field.Type, good))
        {
            yield return new(fault.Name, fault.Bytes, fault.Status, field.Name);
        }

        foreach (var fault in Within(field.Type, good))
        {
            yield return fault with { Field = field.Name + fault.Field };
        }
    }

    /// <summary>What is wrong inside a value, with the way to it behind the field's name.</summary>
    private IEnumerable<InvalidVector> Within(TypeModel type, object good) => type.Kind switch
    {
        TypeKind.List => ListItems(type, (List<object>)good),
        TypeKind.Map => MapEntries(type, (List<KeyValuePair<object, object>>)good),
        TypeKind.Struct => StructFields(type, good),
        TypeKind.Union => UnionArms(type, (UnionValue)good),
        _ => [],
    };

    private IEnumerable<(string Name, byte[] Bytes, string Status)> OfType(TypeModel type, object good)
    {
        yield return ("wrong type", type.Kind == TypeKind.Bool ? [0x01] : [0xC3], "WrongType");
        IEnumerable<(string, byte[], string)> more = type.Kind switch
        {
            TypeKind.Bool => [],
            TypeKind.F32 => Floats(type, new PackWriter().Float64(0.5).ToArray(), v => new PackWriter().Float32((float)v)),
            TypeKind.F64 => Floats(type, new PackWriter().Float32(0.5f).ToArray(), v => new PackWriter().Float64(v)),
            TypeKind.String => Strings(type, (string)good),
            TypeKind.Bytes or TypeKind.Uuid => Binaries(type),
            TypeKind.List => Lists(type, good),
            TypeKind.Map => [("count of 4 G", new PackWriter().Sized(0xDF, 4, uint.MaxValue).ToArray(), "LimitExceeded")],
            TypeKind.Struct => [],
            TypeKind.Union => Unions(_encoder.Encode(type, good)),
            TypeKind.Enum or TypeKind.Flags => Integers(new TypeModel { Kind = type.Named!.Underlying!.Value }, (BigInteger)good),
            _ => Integers(type, (BigInteger)good),
        };
        foreach ((string, byte[], string) fault in more)
        {
            yield return fault;
        }
    }

    private static IEnumerable<(string, byte[], string)> Integers(TypeModel type, BigInteger good)
    {
        (BigInteger low, BigInteger high) = IntegerRange.Of(type.Kind)!.Value;
        if (good <= uint.MaxValue && good >= int.MinValue)
        {
            yield return ("longer form", new PackWriter().Sized(good < 0 ? (byte)0xD3 : (byte)0xCF, 8, good).ToArray(), "NotCanonical");
        }

        if (good is { } small && small >= 0 && small <= int.MaxValue)
        {
            yield return ("signed form of a positive number", new PackWriter().Sized(0xD2, 4, good).ToArray(), "NotCanonical");
        }

        if (type.Kind == TypeKind.U128)
        {
            yield return ("16 bytes for a number that fits 8", new PackWriter().Binary([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]).ToArray(), "NotCanonical");
            yield return ("15 bytes", new PackWriter().Binary(new byte[15]).ToArray(), "WrongType");
        }
        else
        {
            if (high < ulong.MaxValue)
            {
                yield return ("above the type", new PackWriter().Integer(high + 1).ToArray(), "OutOfRange");
            }

            if (low > long.MinValue)
            {
                yield return ("below the type", new PackWriter().Integer(low - 1).ToArray(), "OutOfRange");
            }
        }

        if (type.Max is { } max && max < high)
        {
            yield return ("above max", new PackWriter().Integer(max + 1).ToArray(), "ConstraintViolated");
        }

        if (type.Min is { } min && min > low)
        {
            yield return ("below min", new PackWriter().Integer(min - 1).ToArray(), "ConstraintViolated");
        }
    }

    private static IEnumerable<(string, byte[], string)> Floats(TypeModel type, byte[] otherWidth, Func<double, PackWriter> write)
    {
        yield return ("other width", otherWidth, "WrongType");
        yield return ("not a number", write(double.NaN).ToArray(), "ConstraintViolated");
        yield return ("infinity", write(double.PositiveInfinity).ToArray(), "ConstraintViolated");
        if (type.MaxNumber is { } max)
        {
            yield return ("above max", write(max + 1).ToArray(), "ConstraintViolated");
        }

        if (type.MinNumber is { } min)
        {
            yield return ("below min", write(min - 1).ToArray(), "ConstraintViolated");
        }
    }

    private static IEnumerable<(string, byte[], string)> Strings(TypeModel type, string good)
    {
        int length = Encoding.UTF8.GetByteCount(good);
        yield return ("longer header", new PackWriter().Sized(0xDB, 4, length).Raw(Encoding.UTF8.GetBytes(good)).ToArray(), "NotCanonical");
        if (type.MaxLength <= 1024)
        {
            yield return ("too long", new PackWriter().String(new string('a', type.MaxLength + 1)).ToArray(), "LimitExceeded");
        }

        yield return ("length of 4 GiB", new PackWriter().Sized(0xDB, 4, uint.MaxValue).ToArray(), "LimitExceeded");
        if (type.MinLength > 0)
        {
            yield return ("too short", new PackWriter().String(new string('a', type.MinLength - 1)).ToArray(), "ConstraintViolated");
        }

        if (type.Pattern is not null && TextMaker.Mismatch(type) is { } mismatch)
        {
            yield return ("pattern", new PackWriter().String(mismatch).ToArray(), "ConstraintViolated");
        }

        int bad = Math.Clamp(2, type.MinLength, type.MaxLength);
        if (type.Pattern is null && bad >= 2)
        {
            yield return ("invalid UTF-8", new PackWriter().StringHeader(bad).Raw([0xC3, 0x28]).Raw(Encoding.ASCII.GetBytes(new string('a', bad - 2))).ToArray(), "InvalidUtf8");
        }
    }

    private static IEnumerable<(string, byte[], string)> Binaries(TypeModel type)
    {
        (int min, int max) = type.Kind == TypeKind.Uuid ? (16, 16) : (type.MinLength, type.MaxLength);
        int small = Math.Max(min, 0);
        yield return ("longer header", new PackWriter().Sized(0xC6, 4, small).Raw(new byte[small]).ToArray(), "NotCanonical");
        if (max <= 5000)
        {
            yield return ("too long", new PackWriter().Binary(new byte[max + 1]).ToArray(), "LimitExceeded");
        }

        yield return ("length of 4 GiB", new PackWriter().Sized(0xC6, 4, uint.MaxValue).ToArray(), "LimitExceeded");
        if (min > 0)
        {
            yield return ("too short", new PackWriter().Binary(new byte[min - 1]).ToArray(), "ConstraintViolated");
        }
    }

    private IEnumerable<(string, byte[], string)> Lists(TypeModel type, object good)
    {
        yield return ("count of 4 G", new PackWriter().Sized(0xDD, 4, uint.MaxValue).ToArray(), "LimitExceeded");
        if (type.MinLength > 0)
        {
            byte[] element = _encoder.Encode(type.Element!, ((List<object>)good)[0]);
            yield return ("too few", ValueEncoder.Join([.. Enumerable.Repeat(element, type.MinLength - 1)]), "ConstraintViolated");
        }
    }

    private static IEnumerable<(string, byte[], string)> Unions(byte[] good)
    {
        yield return ("union of three", [0x93, .. good[1..], 0x00], "WrongType");
        yield return ("tag beyond 65535", new PackWriter().ArrayHeader(2).Integer(65536).Raw([0x90]).ToArray(), "OutOfRange");
    }

    private IEnumerable<InvalidVector> ListItems(TypeModel type, List<object> items)
    {
        if (items.Count > 0)
        {
            byte[][] encoded = [.. items.Select(i => _encoder.Encode(type.Element!, i))];
            yield return new("nil element", ValueEncoder.Join([.. encoded[..^1], [0xC0]]), "WrongType", $"[{encoded.Length - 1}]");
        }
    }

    private IEnumerable<InvalidVector> MapEntries(TypeModel type, List<KeyValuePair<object, object>> good)
    {
        byte[][] entries = [.. good.Select(e => (byte[])[.. _encoder.Encode(type.Key!, e.Key), .. _encoder.Encode(type.Element!, e.Value)])];
        if (entries.Length > 0 && type.MaxLength >= 2)
        {
            yield return new("key twice", new PackWriter().MapHeader(2).Raw(entries[0]).Raw(entries[0]).ToArray(), "NotCanonical", "[1]");
        }

        // The encoder sorts: two entries the other way around are wrong wherever they stand.
        if (entries.Length > 1 && type.MinLength <= 2)
        {
            byte[] sorted = _encoder.Encode(type, good[..2]);
            byte[] turned = Turned(entries[0], entries[1]);
            yield return new("wrong order", turned.AsSpan().SequenceEqual(sorted) ? Turned(entries[1], entries[0]) : turned, "NotCanonical", "[1]");
        }
    }

    private static byte[] Turned(byte[] first, byte[] second) => new PackWriter().MapHeader(2).Raw(first).Raw(second).ToArray();

    private IEnumerable<InvalidVector> StructFields(TypeModel type, object good)
    {
        StructModel shape = (StructModel)types[type.Named!.Name];
        IReadOnlyList<byte[]> elements = _encoder.Elements(shape, (StructValue)good);
        yield return new("nil at the end of the struct", ValueEncoder.Join([.. elements, [0xC0]]), "NotCanonical", NameAt(shape, elements.Count) is { } next ? "." + next : "");
        if (shape.Fields.FirstOrDefault(f => f.Required) is { } required)
        {
            yield return new("struct without fields", [0x90], "MissingField", "." + required.Name);
        }
    }

    private IEnumerable<InvalidVector> UnionArms(TypeModel type, UnionValue good)
    {
        UnionModel union = (UnionModel)types[type.Named!.Name];
        yield return new("arm that is no struct", new PackWriter().ArrayHeader(2).Integer(good.Tag).Raw([0xC3]).ToArray(), "WrongType", "." + union.Arms.Single(arm => arm.Tag == good.Tag).Name);
    }

    /// <summary>The field with an id, or null.</summary>
    public static string? NameAt(StructModel shape, int id) => shape.Fields.FirstOrDefault(field => field.Id == id)?.Name;
}
