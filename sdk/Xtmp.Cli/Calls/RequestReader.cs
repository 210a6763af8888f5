using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Xtmp.Cli.Schema.Vectors;
using Xtmp.Schema;

namespace Xtmp.Cli.Calls;

/// <summary>Reads a request from the language's JSON view, by the schema's model. What does not fit is a FormatException that names the field.</summary>
public sealed class RequestReader(IReadOnlyDictionary<string, object> types)
{
    public StructValue Read(StructModel shape, JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, "an object is needed");
        }

        Dictionary<int, object> values = [];
        foreach (JsonProperty property in json.EnumerateObject())
        {
            FieldModel field = shape.Fields.FirstOrDefault(f => f.Name == property.Name)
                ?? throw Wrong(path, $"there is no field '{property.Name}'; there are: {string.Join(", ", shape.Fields.Select(f => f.Name))}");
            string fieldPath = path.Length > 0 ? $"{path}.{field.Name}" : field.Name;
            if (property.Value.ValueKind != JsonValueKind.Null)
            {
                values[field.Id] = Read(field.Type, property.Value, fieldPath);
            }
        }

        FieldModel? missing = shape.Fields.FirstOrDefault(f => f.Required && !values.ContainsKey(f.Id));
        return missing is null ? new(values, []) : throw Wrong(path, $"the field '{missing.Name}' is missing");
    }

    private object Read(TypeModel type, JsonElement json, string path)
    {
        switch (type.Kind)
        {
            case TypeKind.Bool:
                return json.ValueKind is JsonValueKind.True or JsonValueKind.False ? json.GetBoolean() : throw Wrong(path, "true or false is needed");
            case TypeKind.F32 or TypeKind.F64:
                double number = json.ValueKind == JsonValueKind.Number ? json.GetDouble() : throw Wrong(path, "a number is needed");
                return number >= (type.MinNumber ?? double.MinValue) && number <= (type.MaxNumber ?? double.MaxValue) ? number : throw Wrong(path, $"{type.MinNumber} to {type.MaxNumber} is needed");
            case TypeKind.String:
                string text = Text(json, path);
                Length(type, Encoding.UTF8.GetByteCount(text), path);
                return type.Pattern is not { } pattern || pattern.Matches(text) ? text : throw Wrong(path, $"text that matches {pattern.Text} is needed");
            case TypeKind.Bytes:
                byte[] bytes = Hex(json, path);
                Length(type, bytes.Length, path);
                return bytes;
            case TypeKind.Uuid:
                return Guid.TryParseExact(Text(json, path), "D", out Guid uuid) ? uuid.ToByteArray(bigEndian: true) : throw Wrong(path, "a uuid (8-4-4-4-12 hex digits) is needed");
            case TypeKind.Timestamp:
                return DateTimeOffset.TryParse(Text(json, path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
                    ? (BigInteger)((time.UtcDateTime - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
                    : throw Wrong(path, "a time such as 2026-01-31T12:00:00Z is needed");
            case TypeKind.List:
                List<object> items = json.ValueKind == JsonValueKind.Array
                    ? [.. json.EnumerateArray().Select((item, i) => Read(type.Element!, item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")))]
                    : throw Wrong(path, "a list is needed");
                Length(type, items.Count, path);
                return items;
            case TypeKind.Map:
                List<KeyValuePair<object, object>> entries = json.ValueKind == JsonValueKind.Object
                    ? [.. json.EnumerateObject().Select(p => KeyValuePair.Create(Read(type.Key!, JsonSerializer.SerializeToElement(p.Name), path), Read(type.Element!, p.Value, $"{path}.{p.Name}")))]
                    : throw Wrong(path, "an object is needed");
                Length(type, entries.Count, path);
                return entries;
            case TypeKind.Enum or TypeKind.Flags:
                return Named((EnumModel)types[type.Named!.Name], json, path);
            case TypeKind.Struct:
                return Read((StructModel)types[type.Named!.Name], json, path);
            case TypeKind.Union:
                return Union((UnionModel)types[type.Named!.Name], json, path);
            default:
                return Integer(type, json, path);
        }
    }

    private UnionValue Union(UnionModel union, JsonElement json, string path)
    {
        if (json.ValueKind != JsonValueKind.Object || json.EnumerateObject().Count() != 1)
        {
            throw Wrong(path, $"an object with one of {string.Join(", ", union.Arms.Select(a => a.Name))} is needed");
        }

        JsonProperty only = json.EnumerateObject().First();
        UnionArmModel arm = union.Arms.FirstOrDefault(a => a.Name == only.Name)
            ?? throw Wrong(path, $"there is no arm '{only.Name}'; there are: {string.Join(", ", union.Arms.Select(a => a.Name))}");
        return new(arm.Tag, Read((StructModel)types[arm.Type.Name], only.Value, $"{path}.{arm.Name}"));
    }

    private static BigInteger Named(EnumModel model, JsonElement json, string path)
    {
        if (json.ValueKind == JsonValueKind.Array && model.IsFlags)
        {
            return json.EnumerateArray().Aggregate(BigInteger.Zero, (bits, item) => bits | Named(model, item, path));
        }

        if (json.ValueKind == JsonValueKind.String && model.Values.FirstOrDefault(v => v.Name == json.GetString()) is { } value)
        {
            return value.Value;
        }

        return Integer(new TypeModel { Kind = model.Underlying }, json, path);
    }

    private static BigInteger Integer(TypeModel type, JsonElement json, string path)
    {
        string text = json.ValueKind switch
        {
            JsonValueKind.Number => json.GetRawText(),
            JsonValueKind.String => json.GetString()!,
            _ => "",
        };
        (BigInteger min, BigInteger max) = IntegerRange.Of(type.Kind)!.Value;
        (min, max) = (type.Min ?? min, type.Max ?? max);
        return text.Length <= 40 && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger value) && value >= min && value <= max
            ? value
            : throw Wrong(path, $"a whole number from {min} to {max} is needed");
    }

    private static void Length(TypeModel type, int length, string path)
    {
        if (length < type.MinLength || length > type.MaxLength)
        {
            throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"its length is {length}; {type.MinLength} to {type.MaxLength} is allowed"));
        }
    }

    private static string Text(JsonElement json, string path) => json.ValueKind == JsonValueKind.String ? json.GetString()! : throw Wrong(path, "text is needed");

    private static byte[] Hex(JsonElement json, string path)
    {
        try
        {
            return Convert.FromHexString(Text(json, path));
        }
        catch (FormatException e) when (e.InnerException is null && !e.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw Wrong(path, "hex digits are needed");
        }
    }

    private static FormatException Wrong(string path, string need) => new($"{(path.Length > 0 ? path : "the request")}: {need}.");
}
