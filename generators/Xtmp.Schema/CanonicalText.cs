using System.Globalization;
using System.Text;

namespace Xtmp.Schema;

/// <summary>
/// A schema as text that holds exactly what two peers, or two versions, must agree on: one line a thing, sorted by
/// name, without docs or positions. <c>wire.lock</c> is this text, with the namespace, version, units and names of storage, which shape no
/// byte; the fingerprint is the hash of the text without them.
/// </summary>
public static class CanonicalText
{
    /// <summary>Everything declared in this file, local messages too: the content of <c>wire.lock</c>.</summary>
    public static string OfEverything(SchemaModel model) => Write(model, TypeGraph.Of(model).Declared(), isLock: true);

    /// <summary>What leaves the process: without local messages, their replies and what only they use.</summary>
    public static string OfWire(SchemaModel model) => Write(model, TypeGraph.Of(model).OnTheWire(), isLock: false);

    /// <summary>The first line of every canonical text.</summary>
    public const string FirstLine = "xtmp-schema 1";

    /// <summary>Types that need no declaration, by their names in the schema, in order.</summary>
    public static IReadOnlyList<string> PrimitiveTypes { get; } = [.. Reading.TypeTable.Primitives.Keys.OrderBy(k => k, StringComparer.Ordinal)];

    /// <param name="model">The schema.</param>
    /// <param name="names">What of it to write.</param>
    /// <param name="isLock">Namespace, version and units too, which matter between versions but shape no byte.</param>
    private static string Write(SchemaModel model, ISet<string> names, bool isLock)
    {
        var text = new StringBuilder();
        text.Append(FirstLine).Append('\n');
        text.Append("protocol ").Append(model.Protocol).Append('\n');
        if (isLock)
        {
            text.Append("namespace ").Append(model.Namespace).Append('\n');
            text.Append("version ").Append(model.Version.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }
        foreach (var type in TypeGraph.Of(model).All.Where(t => names.Contains(t.Key)).OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            switch (type.Value)
            {
                case EnumModel e:
                    WriteEnum(text, e);
                    break;
                case StructModel s:
                    text.Append("struct ").Append(s.Name).Append('\n');
                    WriteFields(text, s, isLock);
                    break;
                case UnionModel u:
                    WriteUnion(text, u);
                    break;
                case MessageModel m:
                    WriteMessage(text, m, isLock);
                    break;
            }
        }
        foreach (var handler in model.Handlers.OrderBy(h => h.Name, StringComparer.Ordinal))
        {
            var methods = handler.Methods.Where(m => names.Contains(m.Request.Name)).OrderBy(m => m.Name, StringComparer.Ordinal).ToList();
            if (methods.Count == 0)
            {
                continue;
            }
            text.Append("handler ").Append(handler.Name);
            if (isLock && handler.StoredAs is { } stored)
            {
                text.Append(" stored_as ").Append(stored);
            }
            text.Append('\n');
            foreach (var method in methods)
            {
                text.Append("  ").Append(method.Name).Append(' ').Append(Keyword(method.Kind)).Append(' ').Append(method.Request.Name);
                if (method.Reply is not null)
                {
                    text.Append(" -> ").Append(method.Reply.Name);
                }
                text.Append(" key ").Append(method.Key.Source == KeySource.Field ? method.Key.Field : "$" + Keyword(method.Key.Source)).Append('\n');
            }
        }
        return text.ToString();
    }

    private static void WriteEnum(StringBuilder text, EnumModel e)
    {
        text.Append(e.IsFlags ? "flags " : "enum ").Append(e.Name).Append(' ').Append(Keyword(e.Underlying)).Append('\n');
        foreach (var value in e.Values)
        {
            text.Append("  ").Append(value.Value.ToString(CultureInfo.InvariantCulture)).Append(' ').Append(value.Name).Append('\n');
        }
        WriteReserved(text, e.ReservedValues.Select(v => v.ToString(CultureInfo.InvariantCulture)), e.ReservedNames);
    }

    private static void WriteUnion(StringBuilder text, UnionModel u)
    {
        text.Append("union ").Append(u.Name).Append('\n');
        foreach (var arm in u.Arms)
        {
            text.Append("  ").Append(arm.Tag.ToString(CultureInfo.InvariantCulture)).Append(' ').Append(arm.Name).Append(' ').Append(arm.Type.Name).Append('\n');
        }
        WriteReserved(text, u.ReservedTags.Select(v => v.ToString(CultureInfo.InvariantCulture)), u.ReservedNames);
    }

    private static void WriteMessage(StringBuilder text, MessageModel m, bool isLock)
    {
        text.Append("message ").Append(m.Name).Append(' ').Append(Keyword(m.Kind));
        text.Append(" code ").Append(m.Number == 0 ? "none" : "0x" + m.Number.ToString("X2", CultureInfo.InvariantCulture));
        text.Append(' ').Append(Keyword(m.Transport)).Append(" priority ").Append(Keyword(m.Priority));
        text.Append(" authentication ").Append(Keyword(m.Authentication));
        text.Append(m.Ack ? " ack" : "").Append(m.Compressible ? " compressible" : "").Append(m.Idempotent ? " idempotent" : "").Append('\n');
        WriteFields(text, m.Shape, isLock);
    }

    private static void WriteFields(StringBuilder text, StructModel s, bool isLock)
    {
        foreach (var field in s.Fields)
        {
            text.Append("  ").Append(field.Id.ToString(CultureInfo.InvariantCulture)).Append(' ').Append(field.Name).Append(' ');
            WriteType(text, field.Type);
            text.Append(field.Optional ? " optional" : "").Append(field.Secret ? " secret" : "");
            if (isLock && field.Unit is { } unit)
            {
                text.Append(" unit ").Append(Quote(unit));
            }
            if (field.Default is { } value)
            {
                text.Append(" default ").Append(DefaultText(value));
            }
            text.Append('\n');
        }
        WriteReserved(text, s.ReservedIds.Select(v => v.ToString(CultureInfo.InvariantCulture)), s.ReservedNames);
    }

    /// <summary>A type with its limits, for example <c>string(1..64)</c> or <c>u64(..100)</c>.</summary>
    public static string OfType(TypeModel type)
    {
        var text = new StringBuilder();
        WriteType(text, type);
        return text.ToString();
    }

    private static void WriteType(StringBuilder text, TypeModel type)
    {
        switch (type.Kind)
        {
            case TypeKind.List:
                text.Append("list<");
                WriteType(text, type.Element!);
                text.Append('>');
                break;
            case TypeKind.Map:
                text.Append("map<");
                WriteType(text, type.Key!);
                text.Append(", ");
                WriteType(text, type.Element!);
                text.Append('>');
                break;
            default:
                text.Append(type.ToString());
                break;
        }
        if (type.Min is not null || type.Max is not null)
        {
            text.Append('(').Append(type.Min?.ToString(CultureInfo.InvariantCulture)).Append("..").Append(type.Max?.ToString(CultureInfo.InvariantCulture)).Append(')');
        }
        else if (type.MinNumber is not null || type.MaxNumber is not null)
        {
            text.Append('(').Append(type.MinNumber?.ToString("R", CultureInfo.InvariantCulture)).Append("..").Append(type.MaxNumber?.ToString("R", CultureInfo.InvariantCulture)).Append(')');
        }
        else if (type.FixedLength is null && type.Kind is TypeKind.String or TypeKind.Bytes or TypeKind.List or TypeKind.Map)
        {
            text.Append('(').Append(type.MinLength.ToString(CultureInfo.InvariantCulture)).Append("..").Append(type.MaxLength.ToString(CultureInfo.InvariantCulture)).Append(')');
        }
        if (type.Pattern is not null)
        {
            text.Append(' ').Append(Quote(type.Pattern.Text));
        }
    }

    /// <summary>A default as the schema writes it.</summary>
    public static string DefaultText(DefaultModel value) =>
        value.Boolean is { } b ? (b ? "true" : "false")
        : value.Integer is { } i ? i.ToString(CultureInfo.InvariantCulture)
        : value.Number is { } n ? n.ToString("R", CultureInfo.InvariantCulture)
        : value.Member ?? Quote(value.Text!);

    /// <summary>Text on one line, in quotes, with control characters as escapes.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c is '"' or '\\' ? "\\" + c : char.IsControl(c) ? "\\u" + ((int)c).ToString("X4", CultureInfo.InvariantCulture) : c.ToString());
        }
        return quoted.Append('"').ToString();
    }

    private static void WriteReserved(StringBuilder text, IEnumerable<string> numbers, IEnumerable<string> names)
    {
        var all = numbers.Concat(names).ToList();
        if (all.Count > 0)
        {
            text.Append("  reserved ").Append(string.Join(" ", all)).Append('\n');
        }
    }

    /// <summary>An enum member as the schema language spells it: <c>OneWay</c> is <c>one-way</c>.</summary>
    internal static string Keyword<T>(T value)
        where T : Enum
    {
        var name = value.ToString();
        var word = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
            {
                word.Append('-');
            }
            word.Append(char.ToLowerInvariant(name[i]));
        }
        return word.ToString();
    }
}
