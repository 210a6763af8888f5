namespace Xtmp.Schema.Reading;

/// <summary>Reads unions.</summary>
internal static class UnionReader
{
    public static UnionModel? Read(ReadingContext context, ScalarNode name, Node node)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Union, name) is not { } mapping)
        {
            return null;
        }
        var (reservedNumbers, reservedNames) = ReservedReader.Read(context, mapping, SchemaLimits.MaxTag);
        // An arm becomes the nested type XArm, so that in a union named XArm no arm may be called x.
        var generated = name.Text.EndsWith("Arm", StringComparison.Ordinal)
            ? new HashSet<string>(ReservedNames.UnionMembers, StringComparer.Ordinal) { name.Text.Substring(0, name.Text.Length - 3) }
            : ReservedNames.UnionMembers;
        var members = new MemberNames(context, name.Text, generated, reservedNames, reservedNumbers);
        var items = mapping.Items("arms");
        var siblings = ListNames.Of(items);
        var arms = new List<UnionArmModel>();
        foreach (var item in items)
        {
            if (ReadArm(context, item, members, siblings, "unions." + name.Text) is { } arm)
            {
                arms.Add(arm);
            }
        }
        if (mapping["arms"] is ListNode { Items.Count: 0 } empty)
        {
            context.Report(SchemaRules.Empty, empty, $"'{name.Text}' has no arms.");
        }
        return new UnionModel
        {
            Name = name.Text,
            Namespace = context.Namespace,
            Doc = mapping.Doc(),
            Arms = new(arms.OrderBy(a => a.Tag)),
            ReservedTags = new(reservedNumbers.Select(n => (int)n)),
            ReservedNames = new(reservedNames),
            Since = mapping.Since(name.Text),
            Deprecated = mapping.Deprecation(context.TopLevelNames, name.Text),
        };
    }

    private static UnionArmModel? ReadArm(ReadingContext context, Node node, MemberNames members, IReadOnlyCollection<string> siblings, string path)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.Arm) is not { } mapping)
        {
            return null;
        }
        var tag = mapping.Integer("tag");
        var name = FieldReader.Name(context, mapping, SchemaVocabulary.Arm.Noun);
        if (name is not null)
        {
            context.Mark(path + "." + name.Text, name);
        }
        var clrName = name is null ? "" : Naming.ToPascalCase(name.Text);
        var stands = name is not null && members.TryAddName(name, clrName);
        stands &= tag is not null && members.TryAddNumber(mapping.Scalar("tag")!, (ulong)tag, "tag", name?.Text ?? "?");
        if (mapping.Scalar("type") is not { } typeNode || TypeParser.Parse(context, typeNode) is not { } parsed)
        {
            return null;
        }
        if (parsed.Optional || parsed.Type.Kind != TypeKind.Struct)
        {
            context.Report(SchemaRules.WrongTypeKind, typeNode, $"An arm holds a struct, not {parsed.Type}{(parsed.Optional ? "?" : "")}; a struct with one field can hold it.");
            return null;
        }
        return stands
            ? new((int)tag!, name!.Text, clrName, parsed.Type.Named!, mapping.Doc()) { Since = mapping.Since(name.Text), Deprecated = mapping.Deprecation(siblings, name.Text) }
            : null;
    }
}
