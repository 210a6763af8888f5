using System.Globalization;
using System.Text;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Reference;

/// <summary>One page of the reference, in Markdown.</summary>
internal sealed class ReferencePage(SchemaModel model, string page, IReadOnlyDictionary<string, string> homes)
{
    private readonly StringBuilder _text = new();
    private readonly TypeGraph _graph = TypeGraph.Of(model);
    private readonly EncodedSizes _sizes = new(TypeGraph.Of(model).All);

    public string Family(FamilyModel family, IReadOnlyList<MessageModel> messages)
    {
        Title(family.Name, family.Doc);
        Line(string.Create(CultureInfo.InvariantCulture, $"Codes 0x{family.First:X2}–0x{family.Last:X2} of the protocol `{model.Protocol}`, version {model.Version}."));
        if (!family.ReservedCodes.IsEmpty)
        {
            Line($"Reserved: {string.Join(", ", family.ReservedCodes.Select(code => Code(code)))}.");
        }

        return Body(messages);
    }

    public string Messages(string title, string doc, IReadOnlyList<MessageModel> messages)
    {
        Title(title, doc);
        return Body(messages);
    }

    public string Types(string title, string doc)
    {
        Title(title, doc);
        return Body([]);
    }

    private void Title(string title, string doc)
    {
        Line($"# {title}");
        Line();
        if (doc.Length > 0)
        {
            Line(doc);
            Line();
        }
    }

    private string Body(IReadOnlyList<MessageModel> messages)
    {
        Line();
        Line("Written by `xtmp schema docs`. Sizes are bytes of the canonical encoding ([LANGUAGE.md](../LANGUAGE.md#encoding)); an absent optional field in the middle takes 1.");
        if (messages.Count > 0)
        {
            Summary(messages);
        }

        foreach (HandlerModel handler in model.Handlers.Where(h => h.Methods.Any(m => messages.Any(x => x.Name == m.Request.Name))))
        {
            Handler(handler);
        }

        foreach (MessageModel message in messages)
        {
            Message(message);
        }

        foreach (string name in homes.Where(h => h.Value == page).Select(h => h.Key).Order(StringComparer.Ordinal))
        {
            Type(_graph.All[name]);
        }

        return _text.ToString();
    }

    private void Summary(IReadOnlyList<MessageModel> messages)
    {
        Line();
        Line("| message | code | kind | bytes |");
        Line("| --- | --- | --- | --- |");
        foreach (MessageModel message in messages)
        {
            Line($"| [{message.Name}](#{message.Name.ToLowerInvariant()}) | {Code(message)} | {Keyword(message.Kind)} | {_sizes.OfShape(message.Shape)} |");
        }
    }

    private void Handler(HandlerModel handler)
    {
        Line();
        Line($"## Handler {handler.Name}");
        Line();
        Line(handler.Doc);
        Line();
        Line("| method | takes | gives | key | |");
        Line("| --- | --- | --- | --- | --- |");
        foreach (MethodModel method in handler.Methods)
        {
            string gives = method.Kind switch { MethodKind.Unary => Link(method.Reply!.Name), MethodKind.Stream => "stream of " + Link(method.Reply!.Name), _ => "nothing" };
            string key = method.Key.Source switch { KeySource.Field => $"`{method.Key.Field}`", KeySource.Session => "the session", _ => "the caller's wallet" };
            Line($"| {method.Name} | {Link(method.Request.Name)} | {gives} | {key} | {Cell(method.Doc)} |");
        }
    }

    private void Message(MessageModel message)
    {
        Heading(message.Name, message.Shape.Doc, message.Shape.Since, message.Shape.Deprecated);
        List<string> facts = [message.Kind switch { MessageKind.Local => "inside a silo", _ => Keyword(message.Kind) }];
        if (message.Code != 0)
        {
            facts.Insert(0, Code(message));
            facts.Add(message.Transport == TransportKind.Fast ? "fast link" : "reliable link");
        }

        if (message.Priority != PriorityKind.Normal)
        {
            facts.Add($"{Keyword(message.Priority)} priority");
        }

        if (message.Ack)
        {
            facts.Add("acknowledged");
        }

        if (message.Idempotent)
        {
            facts.Add("safe to repeat");
        }

        if (message.Kind is MessageKind.Request or MessageKind.OneWay)
        {
            facts.Add(message.Authentication == AuthenticationKind.None ? "no authentication" : $"needs an authenticated {Keyword(message.Authentication)}");
        }

        if (message.Code != 0)
        {
            facts.Add(message.Compressible ? "may be compressed" : "never compressed");
        }

        Line(string.Join(" · ", facts) + $" · {_sizes.OfShape(message.Shape)} bytes");
        Fields(message.Shape);
    }

    private void Type(object type)
    {
        switch (type)
        {
            case StructModel s:
                Heading(s.Name, s.Doc, s.Since, s.Deprecated);
                Line($"struct · {_sizes.OfShape(s)} bytes");
                Fields(s);
                break;
            case EnumModel e:
                Heading(e.Name, e.Doc, e.Since, e.Deprecated);
                Line($"{(e.IsFlags ? "flags" : "enum")} · {Keyword(e.Underlying)}");
                Line();
                Line("| value | name | |");
                Line("| --- | --- | --- |");
                foreach (EnumValueModel value in e.Values)
                {
                    Line(string.Create(CultureInfo.InvariantCulture, $"| {(e.IsFlags ? $"0x{value.Value:X2}" : value.Value.ToString(CultureInfo.InvariantCulture))} | `{value.Name}` | {Cell(value.Doc)}{Notes(value.Since, value.Deprecated)} |"));
                }

                break;
            case UnionModel u:
                Heading(u.Name, u.Doc, u.Since, u.Deprecated);
                Line("union · array of tag and struct");
                Line();
                Line("| tag | name | holds | |");
                Line("| --- | --- | --- | --- |");
                foreach (UnionArmModel arm in u.Arms)
                {
                    Line(string.Create(CultureInfo.InvariantCulture, $"| {arm.Tag} | `{arm.Name}` | {Link(arm.Type.Name)} | {Cell(arm.Doc)}{Notes(arm.Since, arm.Deprecated)} |"));
                }

                break;
        }
    }

    private void Fields(StructModel shape)
    {
        if (shape.Fields.IsEmpty)
        {
            return;
        }

        Line();
        Line("| id | field | type | bytes | limits | |");
        Line("| --- | --- | --- | --- | --- | --- |");
        int next = 0;
        foreach (FieldModel field in shape.Fields)
        {
            for (; next < field.Id; next++)
            {
                Line(string.Create(CultureInfo.InvariantCulture, $"| {next} | | | 1 | | Reserved, nil. |"));
            }

            next = field.Id + 1;
            string unit = field.Unit is null ? "" : $" Unit: {field.Unit}.";
            string secret = field.Secret ? " Secret." : "";
            Line(string.Create(CultureInfo.InvariantCulture, $"| {field.Id} | `{field.Name}` | {TypeCell(field)} | {_sizes.OfField(field)} | {Cell(Limits(field))} | {Cell(field.Doc)}{unit}{secret}{Notes(field.Since, field.Deprecated)} |"));
        }
    }

    private string TypeCell(FieldModel field)
    {
        string type = TypeText(field.Type);
        return field.Optional ? type + ", optional" : type;
    }

    private string TypeText(TypeModel type) => type.Kind switch
    {
        TypeKind.List => $"list of {TypeText(type.Element!)}",
        TypeKind.Map => $"map from {TypeText(type.Key!)} to {TypeText(type.Element!)}",
        _ when type.Named is { } named => Link(named.Name),
        _ => $"`{type}`",
    };

    private static string Limits(FieldModel field)
    {
        List<string> limits = [];
        TypeLimits(field.Type, "", limits);
        if (field.Default is { } value)
        {
            limits.Add($"default {CanonicalText.DefaultText(value)}");
        }

        return string.Join("; ", limits);
    }

    private static void TypeLimits(TypeModel type, string prefix, List<string> limits)
    {
        if (type.Min is not null || type.Max is not null)
        {
            limits.Add(prefix + Range(type.Min?.ToString(CultureInfo.InvariantCulture), type.Max?.ToString(CultureInfo.InvariantCulture)));
        }

        if (type.MinNumber is not null || type.MaxNumber is not null)
        {
            limits.Add(prefix + Range(type.MinNumber?.ToString("R", CultureInfo.InvariantCulture), type.MaxNumber?.ToString("R", CultureInfo.InvariantCulture)));
        }

        string? noun = type.Kind switch { TypeKind.String or TypeKind.Bytes when type.FixedLength is null => "bytes", TypeKind.List => "elements", TypeKind.Map => "entries", _ => null };
        if (noun is not null)
        {
            limits.Add(string.Create(CultureInfo.InvariantCulture, $"{prefix}{type.MinLength}–{type.MaxLength} {noun}"));
        }

        if (type.Pattern is { } pattern)
        {
            limits.Add($"{prefix}`{pattern.Text}`");
        }

        if (type.Key is { } key)
        {
            TypeLimits(key, "keys ", limits);
        }

        if (type.Element is { } element)
        {
            TypeLimits(element, "each ", limits);
        }
    }

    private static string Range(string? low, string? high) => low is null ? $"at most {high}" : high is null ? $"at least {low}" : $"{low}–{high}";

    private static string Notes(int since, DeprecationModel? deprecated)
    {
        string notes = since > 1 ? string.Create(CultureInfo.InvariantCulture, $" Since version {since}.") : "";
        return deprecated is null ? notes : notes + $" Deprecated: {Cell(deprecated.Reason)}" + (deprecated.ReplacedBy is { } other ? $" Use `{other}`." : "");
    }

    private void Heading(string name, string doc, int since, DeprecationModel? deprecated)
    {
        Line();
        Line($"## {name}");
        Line();
        string text = doc + Notes(since, deprecated);
        if (text.Length > 0)
        {
            Line(text.Trim());
            Line();
        }
    }

    private string Link(string name)
    {
        string home = homes.TryGetValue(name, out string? known) ? known : page;
        if (_graph.All.TryGetValue(name, out object? type) && type is MessageModel message)
        {
            home = (message.Family ?? model.Protocol + "-local") + ".md";
        }

        return $"[{name}]({(home == page ? "" : home)}#{name.ToLowerInvariant()})";
    }

    private static string Cell(string text) => text.Replace("\r", "", StringComparison.Ordinal).Replace('\n', ' ').Replace("|", "\\|", StringComparison.Ordinal);

    private static string Code(MessageModel message) => message switch
    {
        { ErrorCode: not 0 } => message.ErrorCode.ToString(CultureInfo.InvariantCulture),
        { Code: 0 } => "–",
        _ => Code(message.Code),
    };

    private static string Code(byte code) => "0x" + code.ToString("X2", CultureInfo.InvariantCulture);

    private static string Keyword<T>(T value)
        where T : struct, Enum => value.ToString() == "OneWay" ? "one-way" : value.ToString().ToLowerInvariant();

    private void Line(string text = "") => _text.Append(text).Append('\n');
}
