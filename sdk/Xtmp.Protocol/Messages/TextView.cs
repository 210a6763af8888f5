using System.ComponentModel;
using System.Globalization;
using System.Text;

namespace Xtmp.Protocol;

/// <summary>For generated code: a message as text for people, bounded in length whatever it holds.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly struct TextView
{
    /// <summary>Most bytes of a byte array that are shown.</summary>
    private const int ShownBytes = 16;

    /// <summary>Most elements of a list or map that are shown.</summary>
    private const int ShownElements = 8;

    private readonly StringBuilder _text;

    public TextView(string type) => _text = new StringBuilder(type).Append(" { ");

    public TextView Add<T>(string name, T value)
    {
        // Absent optionals say nothing.
        if (value is not null)
        {
            Begin(name);
            Append(value);
        }

        return this;
    }

    public TextView Add<T>(string name, ValueList<T> values)
    {
        Begin(name);
        _text.Append('[');
        for (int i = 0; i < values.Count && i < ShownElements; i++)
        {
            _text.Append(i == 0 ? "" : ", ");
            Append(values[i]);
        }

        _text.Append(values.Count > ShownElements ? $", … {values.Count}]" : "]");
        return this;
    }

    public TextView Add<T>(string name, ValueList<T>? values) => values is { } present ? Add(name, present) : this;

    public TextView Add<TKey, TValue>(string name, ValueMap<TKey, TValue> entries)
        where TKey : notnull
    {
        Begin(name);
        _text.Append('{');
        for (int i = 0; i < entries.Count && i < ShownElements; i++)
        {
            _text.Append(i == 0 ? "" : ", ");
            Append(entries.AsSpan()[i].Key);
            _text.Append(": ");
            Append(entries.AsSpan()[i].Value);
        }

        _text.Append(entries.Count > ShownElements ? $", … {entries.Count}}}" : "}");
        return this;
    }

    public TextView Add<TKey, TValue>(string name, ValueMap<TKey, TValue>? entries)
        where TKey : notnull => entries is { } present ? Add(name, present) : this;

    public TextView AddSecret(string name)
    {
        Begin(name);
        _text.Append("[redacted]");
        return this;
    }

    public TextView Add(UnknownFields? unknown)
    {
        if (unknown is not null)
        {
            Begin("UnknownFields");
            _text.Append(unknown);
        }

        return this;
    }

    public override string ToString() => _text.ToString() + (_text[^2] == '{' ? "}" : " }");

    private void Begin(string name) => _text.Append(_text[^2] == '{' ? "" : ", ").Append(name).Append(" = ");

    private void Append<T>(T value)
    {
        switch (value)
        {
            case ReadOnlyMemory<byte> bytes:
                _text.Append("0x").Append(Convert.ToHexStringLower(bytes.Span[..Math.Min(bytes.Length, ShownBytes)]));
                if (bytes.Length > ShownBytes)
                {
                    _text.Append("… (").Append(bytes.Length).Append(" bytes)");
                }

                break;
            case DateTimeOffset time:
                _text.Append(JsonView.Format(time));
                break;
            case IFormattable formattable:
                _text.Append(formattable.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                _text.Append(value);
                break;
        }
    }
}
