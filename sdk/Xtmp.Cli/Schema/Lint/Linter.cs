using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Lint;

/// <summary>Rules of style over a schema that has no errors.</summary>
public static class Linter
{
    public static IReadOnlyList<LintFinding> Lint(SchemaModel model) =>
        [.. Docs(model), .. model.Structs.SelectMany(s => Shape(s, "structs")), .. model.Messages.SelectMany(m => Shape(m.Shape, "messages")),
            .. Enums(model), .. Messages(model)];

    private static IEnumerable<LintFinding> Docs(SchemaModel model)
    {
        IEnumerable<(string Path, string Name, string Doc)> documented =
        [
            .. model.Families.Select(f => ($"families.{f.Name}", f.Name, f.Doc)),
            .. model.Enums.Select(e => ($"{Section(e)}.{e.Name}", e.Name, e.Doc)),
            .. model.Enums.SelectMany(e => e.Values.Select(v => ($"{Section(e)}.{e.Name}.{v.Name}", v.Name, v.Doc))),
            .. model.Structs.Select(s => ($"structs.{s.Name}", s.Name, s.Doc)),
            .. model.Structs.SelectMany(s => s.Fields.Select(f => ($"structs.{s.Name}.{f.Name}", f.Name, f.Doc))),
            .. model.Unions.Select(u => ($"unions.{u.Name}", u.Name, u.Doc)),
            .. model.Unions.SelectMany(u => u.Arms.Select(a => ($"unions.{u.Name}.{a.Name}", a.Name, a.Doc))),
            .. model.Messages.Select(m => ($"messages.{m.Name}", m.Name, m.Shape.Doc)),
            .. model.Messages.SelectMany(m => m.Shape.Fields.Select(f => ($"messages.{m.Name}.{f.Name}", f.Name, f.Doc))),
            .. model.Handlers.Select(h => ($"handlers.{h.Name}", h.Name, h.Doc)),
            .. model.Handlers.SelectMany(h => h.Methods.Select(m => ($"handlers.{h.Name}.{m.Name}", m.Name, m.Doc))),
        ];
        return documented.Where(d => d.Doc.Length == 0).Select(d => new LintFinding("LINT01", d.Path, $"'{d.Name}' has no doc."));
    }

    private static IEnumerable<LintFinding> Shape(StructModel shape, string section)
    {
        foreach (FieldModel field in shape.Fields)
        {
            string path = $"{section}.{shape.Name}.{field.Name}";
            if (WithoutLimit(field.Type) is { } unlimited)
            {
                yield return new("LINT02", path, $"'{field.Name}' does not say how long {unlimited} may be; it gets the default of {unlimited.MaxLength}. Say 'max'.");
            }

            if (field.Unit is null && field.Type.Kind == TypeKind.Duration)
            {
                yield return new("LINT03", path, $"'{field.Name}' is a duration without a unit; on the wire it is µs.");
            }

            if (field.Name.StartsWith("is_", StringComparison.Ordinal) && field.Type.Kind == TypeKind.Bool)
            {
                yield return new("LINT04", path, $"'{field.Name}' reads better without 'is_'.");
            }

            if (shape.Deprecated is null && field.Deprecated is { ReplacedBy: null })
            {
                yield return new("LINT05", path, $"'{field.Name}' is deprecated and does not say by what it is replaced.");
            }
        }
    }

    /// <summary>The first part of a type whose limit is the default, which people seldom mean.</summary>
    private static TypeModel? WithoutLimit(TypeModel type) => type.Kind switch
    {
        TypeKind.String when type.MaxLength == SchemaLimits.DefaultStringBytes && type.Pattern is null => type,
        TypeKind.Bytes when type.FixedLength is null && type.MaxLength == SchemaLimits.DefaultBytes => type,
        TypeKind.List or TypeKind.Map when type.MaxLength == SchemaLimits.DefaultCount => type,
        TypeKind.List => WithoutLimit(type.Element!),
        TypeKind.Map => WithoutLimit(type.Key!) ?? WithoutLimit(type.Element!),
        _ => null,
    };

    private static IEnumerable<LintFinding> Enums(SchemaModel model)
    {
        foreach (EnumModel e in model.Enums)
        {
            foreach (EnumValueModel value in e.Values.Where(v => v.ClrName.StartsWith(e.Name, StringComparison.Ordinal)))
            {
                yield return new("LINT06", $"{Section(e)}.{e.Name}.{value.Name}", $"'{value.Name}' repeats the name of its enum.");
            }
        }
    }

    private static IEnumerable<LintFinding> Messages(SchemaModel model)
    {
        Dictionary<string, MethodModel> methods = model.Handlers.SelectMany(h => h.Methods).ToDictionary(m => m.Request.Name);
        foreach (MessageModel message in model.Messages)
        {
            if (message.Kind is MessageKind.Request or MessageKind.Local && !methods.ContainsKey(message.Name))
            {
                yield return new("LINT07", $"messages.{message.Name}", $"No method takes '{message.Name}', so nobody answers it.");
            }

            if (methods.TryGetValue(message.Name, out MethodModel? method) && method is { Kind: MethodKind.Unary, Reply: { } reply }
                && reply.Name != message.Name + "Reply" && !(message.Name.EndsWith("Query", StringComparison.Ordinal) && reply.Name == message.Name[..^5] + "Reply"))
            {
                yield return new("LINT08", $"messages.{reply.Name}", $"The reply to '{message.Name}' is best called '{message.Name}Reply'.");
            }

            if (message is { Code: not 0, ErrorCode: 0, Family: null } && !model.Families.IsEmpty && message.Kind != MessageKind.Response && message.Kind != MessageKind.Item)
            {
                yield return new("LINT09", $"messages.{message.Name}", $"'{message.Name}' belongs to no family.");
            }
        }
    }

    private static string Section(EnumModel e) => e.IsFlags ? "flags" : "enums";
}
