using System.ComponentModel;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Xtmp.Protocol;

/// <summary>
/// For generated code: how values look in JSON. Bytes are lowercase hex, 64- and 128-bit integers and durations (µs)
/// decimal strings, since readers of JSON keep only 53 bits of a number; timestamps are RFC 3339 in UTC with microseconds.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class JsonView
{
    /// <summary>What stands in place of a secret.</summary>
    public const string Redacted = "[redacted]";

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public static void WriteRedacted(Utf8JsonWriter writer) => writer.WriteStringValue(Redacted);

    public static void Write(Utf8JsonWriter writer, bool value) => writer.WriteBooleanValue(value);

    public static void Write(Utf8JsonWriter writer, byte value) => writer.WriteNumberValue((uint)value);

    public static void Write(Utf8JsonWriter writer, ushort value) => writer.WriteNumberValue((uint)value);

    public static void Write(Utf8JsonWriter writer, uint value) => writer.WriteNumberValue(value);

    public static void Write(Utf8JsonWriter writer, ulong value) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));

    public static void Write(Utf8JsonWriter writer, sbyte value) => writer.WriteNumberValue((int)value);

    public static void Write(Utf8JsonWriter writer, short value) => writer.WriteNumberValue((int)value);

    public static void Write(Utf8JsonWriter writer, int value) => writer.WriteNumberValue(value);

    public static void Write(Utf8JsonWriter writer, long value) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));

    public static void Write(Utf8JsonWriter writer, UInt128 value) => writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));

    public static void Write(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
    }

    public static void Write(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A lone surrogate, which JSON can't hold, becomes U+FFFD as on the wire.</summary>
    public static void Write(Utf8JsonWriter writer, string value)
    {
        if (TextRules.IsWellFormed(value))
        {
            writer.WriteStringValue(value);
        }
        else
        {
            writer.WriteStringValue(Encoding.UTF8.GetBytes(value));
        }
    }

    public static void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value) => writer.WriteStringValue(Convert.ToHexStringLower(value.Span));

    public static void Write(Utf8JsonWriter writer, Guid value) => writer.WriteStringValue(value);

    public static void Write(Utf8JsonWriter writer, DateTimeOffset value) => writer.WriteStringValue(Format(value));

    public static void Write(Utf8JsonWriter writer, TimeSpan value) => Write(writer, value.Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Elements of a newer schema, as they came.</summary>
    public static void Write(Utf8JsonWriter writer, UnknownFields? unknown)
    {
        if (unknown is null)
        {
            return;
        }

        writer.WriteStartObject(JsonInput.UnknownProperty);
        writer.WriteNumber("count", unknown.Count);
        writer.WriteString("raw", Convert.ToHexStringLower(unknown.Raw));
        writer.WriteEndObject();
    }

    public static string Format(DateTimeOffset value) => value.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <summary>A map key as a property name.</summary>
    public static string KeyOf<T>(T key)
        where T : notnull =>
        key is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : key.ToString() ?? "";
}
