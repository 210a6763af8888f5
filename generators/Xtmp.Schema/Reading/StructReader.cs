using System.Globalization;

namespace Xtmp.Schema.Reading;

/// <summary>Reads the fields of structs and messages.</summary>
internal static class StructReader
{
    public static StructModel? Read(ReadingContext context, ScalarNode name, Node node, string section)
    {
        return MappingReader.Read(context, node, SchemaVocabulary.Struct, name) is { } mapping ? Read(context, name, mapping, section).Shape : null;
    }

    /// <returns>The shape, and whether every field of the file is in it.</returns>
    public static (StructModel Shape, bool Intact) Read(ReadingContext context, ScalarNode name, MappingReader mapping, string section)
    {
        var (reservedNumbers, reservedNames) = ReservedReader.Read(context, mapping, SchemaLimits.MaxFieldId);
        var members = new MemberNames(context, name.Text, ReservedNames.StructMembers, reservedNames, reservedNumbers);
        var since = mapping.Since(name.Text);
        var items = mapping.Items("fields");
        var siblings = ListNames.Of(items);
        var fields = new List<FieldModel>();
        var unreadable = new List<UnreadableMember>();
        foreach (var item in items)
        {
            if (FieldReader.Read(context, item, members, siblings, section + "." + name.Text, since) is { } field)
            {
                fields.Add(field);
            }
            else if (Unreadable(item) is { } member)
            {
                unreadable.Add(member);
            }
        }
        fields.Sort((a, b) => a.Id.CompareTo(b.Id));
        var intact = fields.Count == items.Count && mapping["fields"] is ListNode;
        if (intact)
        {
            CheckGaps(context, section + "." + name.Text, fields, reservedNumbers);
        }
        var shape = new StructModel
        {
            Name = name.Text,
            Namespace = context.Namespace,
            Doc = mapping.Doc(),
            Fields = new(fields),
            UnreadableFields = new(unreadable),
            ReservedIds = new(reservedNumbers.Select(n => (int)n)),
            ReservedNames = new(reservedNames),
            Since = since,
            Deprecated = mapping.Deprecation(context.TopLevelNames, name.Text),
        };
        return (shape, intact);
    }

    private static UnreadableMember? Unreadable(Node item)
    {
        string? Text(string key) => (item as MappingNode)?.Entries.Where(e => e.Key.Text == key).Select(e => (e.Value as ScalarNode)?.Text).FirstOrDefault();
        return Text("name") is { } name && Naming.IsSnakeCase(name)
            ? new(Naming.ToPascalCase(name), Text("type")?.StartsWith("list", StringComparison.Ordinal) == true)
            : null;
    }

    /// <summary>A gap costs a byte in every message and is mostly a slip, so it has to be said.</summary>
    private static void CheckGaps(ReadingContext context, string path, List<FieldModel> fields, IReadOnlyCollection<ulong> reserved)
    {
        var expected = 0;
        foreach (var field in fields)
        {
            for (; expected < field.Id; expected++)
            {
                if (!reserved.Contains((ulong)expected))
                {
                    context.Report(SchemaRules.SkippedId, context.Positions[path + "." + field.Name],
                        string.Format(CultureInfo.InvariantCulture, "'{0}' has id {1}, but no field has id {2}; use it, or reserve it.", field.Name, field.Id, expected));
                    return;
                }
            }
            expected = field.Id + 1;
        }
    }
}
