namespace Xtmp.Schema.Reading;

/// <summary>Reads one field of a struct or message.</summary>
internal static class FieldReader
{
    public static FieldModel? Read(ReadingContext context, Node node, MemberNames members, IReadOnlyCollection<string> siblings, string path, int ownerSince)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Field) is not { } mapping)
        {
            return null;
        }
        var id = mapping.Integer("id");
        var name = Name(context, mapping, SchemaVocabulary.Field.Noun);
        if (name is not null)
        {
            context.Mark(path + "." + name.Text, name);
        }
        var clrName = name is null ? "" : Naming.ToPascalCase(name.Text);
        var stands = name is not null && members.TryAddName(name, clrName);
        stands &= id is not null && members.TryAddNumber(mapping.Scalar("id")!, (ulong)id, "id", name?.Text ?? "?");
        var secret = mapping.Boolean("secret");
        var since = mapping.Since(name?.Text ?? "The field");
        var deprecated = mapping.Deprecation(siblings, name?.Text);
        var doc = mapping.Doc();
        var unit = mapping.Text("unit");
        if (mapping.Scalar("type") is not { } typeNode || TypeParser.Parse(context, typeNode) is not { } parsed)
        {
            return null;
        }
        var type = LimitReader.ApplyInner(context, mapping, LimitReader.Apply(context, mapping, parsed.Type));
        var value = DefaultReader.Read(context, mapping, type, parsed.Optional);
        if (since > ownerSince && since <= context.Version && !parsed.Optional && mapping["default"] is null)
        {
            context.Report(SchemaRules.LateRequired, mapping.KeyNode("since")!, $"A field that is added later is optional ({type}?) or has a default, because older peers do not send it.");
        }
        return !stands ? null : new FieldModel
        {
            Id = (int)id!,
            Name = name!.Text,
            ClrName = clrName,
            Type = type,
            Optional = parsed.Optional,
            Default = value,
            Secret = secret,
            Unit = unit,
            Doc = doc,
            Since = since,
            Deprecated = deprecated,
        };
    }

    /// <summary>The 'name' of a field or arm, or null with a diagnostic when its form is wrong.</summary>
    public static ScalarNode? Name(ReadingContext context, MappingReader mapping, string noun)
    {
        if (mapping.Scalar("name") is not { } name)
        {
            return null;
        }
        if (Naming.IsSnakeCase(name.Text))
        {
            return name;
        }
        context.Report(SchemaRules.BadName, name, FormattableString.Invariant($"'{DiagnosticText.Excerpt(name.Text)}' is no name for {noun}: lower-case words joined by '_', at most {Naming.LongestName} characters."),
            Naming.SuggestSnakeCase(name.Text));
        return null;
    }
}
