using System.ComponentModel;
using System.Globalization;
using System.Text.Json;

namespace Xtmp.Protocol;

/// <summary>
/// For generated code: a value of the JSON view and the way to it. Every method gives the value in the type asked for or
/// throws <see cref="XtmpException"/> with <see cref="XtmpErrorCode.PayloadMalformed"/> and the field.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class JsonInput
{
    /// <summary>Property that holds the elements a schema does not know; no schema name starts with a dollar sign.</summary>
    internal const string UnknownProperty = "$unknown";

    private readonly JsonElement _element;
    private readonly string? _key;
    private readonly string _path;

    public JsonInput(JsonElement element)
        : this(element, null, "")
    {
    }

    private JsonInput(JsonElement element, string? key, string path)
    {
        _element = element;
        _key = key;
        _path = path;
    }

    /// <summary>True for the key of a map's entry.</summary>
    public bool IsKey => _key is not null;

    /// <summary>Refuses what is not an object, and properties that are not in the list.</summary>
    public void Allow(params ReadOnlySpan<string> names)
    {
        Expect(JsonValueKind.Object, "an object");
        foreach (var property in _element.EnumerateObject())
        {
            if (!names.Contains(property.Name) && property.Name != UnknownProperty)
            {
                throw At(property.Name).Refuse("is not a field of this type");
            }
        }
    }

    public JsonInput Required(string name) => Optional(name) ?? throw At(name).Refuse("is required");

    /// <summary>The property, or null where it is absent or null.</summary>
    public JsonInput? Optional(string name)
    {
        Expect(JsonValueKind.Object, "an object");
        return _element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? new JsonInput(value, null, At(name)._path) : null;
    }

    public T[] Items<T>(Func<JsonInput, T> read)
    {
        Expect(JsonValueKind.Array, "an array");
        var items = new T[_element.GetArrayLength()];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = read(new JsonInput(_element[i], null, $"{_path}[{i.ToString(CultureInfo.InvariantCulture)}]"));
        }

        return items;
    }

    public ValueMap<TKey, TValue> Entries<TKey, TValue>(Func<JsonInput, TKey> readKey, Func<JsonInput, TValue> readValue)
        where TKey : notnull
    {
        Expect(JsonValueKind.Object, "an object");
        var entries = new SortedDictionary<TKey, TValue>(Comparer<TKey>.Create(KeyOrder.Compare));
        foreach (var property in _element.EnumerateObject())
        {
            string path = $"{_path}[{entries.Count.ToString(CultureInfo.InvariantCulture)}]";
            if (!entries.TryAdd(readKey(new JsonInput(default, property.Name, path)), readValue(new JsonInput(property.Value, null, path))))
            {
                throw new JsonInput(default, null, path).Refuse("has the key of another entry");
            }
        }

        return ValueMap.Create(entries);
    }

    public bool Boolean() => _element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refuse("must be true or false"),
    };

    public ulong Unsigned(ulong max) =>
        ulong.TryParse(Digits(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) && value <= max
            ? value
            : throw Refuse($"must be an integer from 0 to {max.ToString(CultureInfo.InvariantCulture)}");

    public long Signed(long min, long max) =>
        long.TryParse(Digits(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && value >= min && value <= max
            ? value
            : throw Refuse($"must be an integer from {min.ToString(CultureInfo.InvariantCulture)} to {max.ToString(CultureInfo.InvariantCulture)}");

    public UInt128 Wide() =>
        UInt128.TryParse(Digits(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Refuse("must be an integer from 0 to 2^128 - 1");

    public double Number() =>
        _element.ValueKind == JsonValueKind.Number && _element.TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw Refuse("must be a finite number");

    public string Text()
    {
        if (_key is not null)
        {
            return _key;
        }

        Expect(JsonValueKind.String, "a string");
        string text = _element.GetString()!;
        return text == JsonView.Redacted ? throw Refuse("was redacted and cannot be read back") : text;
    }

    public ReadOnlyMemory<byte> Bytes()
    {
        try
        {
            return Convert.FromHexString(Text());
        }
        catch (FormatException)
        {
            throw Refuse("must be bytes in hex");
        }
    }

    public Guid Uuid() => Guid.TryParseExact(Text(), "D", out var value) ? value : throw Refuse("must be a uuid, 8-4-4-4-12");

    public DateTimeOffset Timestamp() =>
        DateTimeOffset.TryParse(Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value)
            ? value
            : throw Refuse("must be a time as in RFC 3339");

    public TimeSpan Duration() => new(checked(Signed(long.MinValue / TimeSpan.TicksPerMicrosecond, long.MaxValue / TimeSpan.TicksPerMicrosecond) * TimeSpan.TicksPerMicrosecond));

    /// <summary>The name of an enum's value, or null where a number stands in its place.</summary>
    public string? Name()
    {
        if (_key is null && _element.ValueKind == JsonValueKind.Number)
        {
            return null;
        }

        string text = Text();
        return text.Length > 0 && char.IsAsciiDigit(text[0]) ? null : text;
    }

    /// <summary>The elements that the schema of the writer did not know.</summary>
    public UnknownFields? UnknownFields()
    {
        if (Optional(UnknownProperty) is not { } unknown)
        {
            return null;
        }

        unknown.Allow("count", "raw");
        int count = (int)unknown.Required("count").Unsigned(int.MaxValue);
        var raw = unknown.Required("raw").Bytes();
        var state = new DecodeState(DecodeLimits.Untrusted);
        int end = state.ReadUnknown(raw.Span, 0, count, out var fields);
        return end == raw.Length && count > 0 ? fields : throw unknown.Refuse("must be that many MessagePack values");
    }

    /// <summary>Bytes that are one MessagePack value.</summary>
    public byte[] Raw()
    {
        var raw = Bytes();
        var state = new DecodeState(DecodeLimits.Untrusted);
        return state.ReadRaw(raw.Span, 0, out byte[]? value) == raw.Length && value is not null ? value : throw Refuse("must be one MessagePack value");
    }

    /// <summary>An error at this value.</summary>
    public XtmpException Refuse(string reason) =>
        new(XtmpErrorCode.PayloadMalformed, Fault.Local, _path.Length == 0 ? $"The value {reason}." : $"{_path} {reason}.", _path.Length == 0 ? null : _path);

    private JsonInput At(string name) => new(default, null, _path.Length == 0 ? name : $"{_path}.{name}");

    private string Digits() =>
        _key ?? (_element.ValueKind switch
        {
            JsonValueKind.Number => _element.GetRawText(),
            JsonValueKind.String => Text(),
            _ => throw Refuse("must be an integer"),
        });

    private void Expect(JsonValueKind kind, string what)
    {
        if (_key is not null || _element.ValueKind != kind)
        {
            throw Refuse($"must be {what}");
        }
    }
}
