using System.Text.Json;

namespace Xtmp.Cli.Crypto;

/// <summary>One JSON object of a vector file, read with errors that name the place and the field.</summary>
public readonly struct VectorObject
{
    private readonly JsonElement _element;

    public VectorObject(JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new VectorFormatException($"{place} is no object");
        }

        _element = element;
        Place = place;
    }

    /// <summary>Where in the file, for messages.</summary>
    public string Place { get; }

    public bool Has(string field) => _element.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string Text(string field) => Field(field, JsonValueKind.String).GetString()!;

    public string TextOr(string field, string defaultValue) => Has(field) ? Text(field) : defaultValue;

    public int Number(string field) => Field(field, JsonValueKind.Number).TryGetInt32(out int value)
        ? value
        : throw new VectorFormatException($"{Place}: \"{field}\" is no 32-bit integer");

    public byte[] Hex(string field)
    {
        string text = Text(field);
        try
        {
            return Convert.FromHexString(text);
        }
        catch (FormatException)
        {
            throw new VectorFormatException($"{Place}: \"{field}\" is not hexadecimal");
        }
    }

    public byte[]? HexOrNull(string field) => Has(field) ? Hex(field) : null;

    public byte[] HexOrEmpty(string field) => HexOrNull(field) ?? [];

    public bool IsObject(string field) => Has(field) && _element.GetProperty(field).ValueKind == JsonValueKind.Object;

    public VectorObject Object(string field) => new(Field(field, JsonValueKind.Object), $"{Place}.{field}");

    public IEnumerable<VectorObject> Objects(string field)
    {
        string place = Place;
        return Field(field, JsonValueKind.Array).EnumerateArray().Select((element, i) => new VectorObject(element, $"{place}.{field}[{i}]"));
    }

    private JsonElement Field(string field, JsonValueKind kind)
    {
        if (!_element.TryGetProperty(field, out JsonElement value))
        {
            throw new VectorFormatException($"{Place}: \"{field}\" is missing");
        }

        return value.ValueKind == kind ? value : throw new VectorFormatException($"{Place}: \"{field}\" is no {kind.ToString().ToLowerInvariant()}");
    }
}
