namespace Xtmp.Schema.Reading;

/// <summary>Reads enums and flags.</summary>
internal static class EnumReader
{
    public static EnumModel? Read(ReadingContext context, ScalarNode name, Node node, bool flags)
    {
        var rule = flags ? SchemaVocabulary.Flags : SchemaVocabulary.Enum;
        if (MappingReader.Read(context, node, rule, name) is not { } mapping)
        {
            return null;
        }
        var path = (flags ? "flags." : "enums.") + name.Text;
        var underlying = mapping.Keyword<TypeKind>("type") ?? TypeKind.U8;
        var max = (ulong)IntegerRange.Of(underlying)!.Value.Max;
        var (reservedNumbers, reservedNames) = ReservedReader.Read(context, mapping, max);
        var members = new MemberNames(context, name.Text, [], reservedNames, reservedNumbers);
        var declarations = mapping.Declarations("values").ToList();
        var siblings = new HashSet<string>(declarations.Select(d => d.Key.Text), StringComparer.Ordinal);
        var values = new List<EnumValueModel>();
        foreach (var declaration in declarations)
        {
            context.Mark(path + "." + declaration.Key.Text, declaration.Key);
            if (ReadValue(context, declaration.Key, declaration.Value, flags, underlying, max, members, siblings) is { } value)
            {
                values.Add(value);
            }
        }
        if (mapping["values"] is MappingNode { Entries.Count: 0 } empty)
        {
            context.Report(SchemaRules.Empty, empty, $"'{name.Text}' has no values.");
        }
        return new EnumModel
        {
            Name = name.Text,
            Namespace = context.Namespace,
            Doc = mapping.Doc(),
            Underlying = underlying,
            IsFlags = flags,
            Values = new(values.OrderBy(v => v.Value)),
            ReservedValues = new(reservedNumbers),
            ReservedNames = new(reservedNames),
            Since = mapping.Since(name.Text),
            Deprecated = mapping.Deprecation(context.TopLevelNames, name.Text),
        };
    }

    private static EnumValueModel? ReadValue(
        ReadingContext context, ScalarNode name, Node node, bool flags, TypeKind underlying, ulong max, MemberNames members, HashSet<string> siblings)
    {
        if (MappingReader.Read(context, node, SchemaVocabulary.EnumValue, name) is not { } mapping)
        {
            return null;
        }
        var clrName = Naming.ToPascalCase(name.Text);
        var nameStands = members.TryAddName(name, clrName);
        if (mapping.Scalar("value") is not { } scalar || Number(context, scalar, underlying, max) is not { } value)
        {
            return null;
        }
        if (flags && (value & (value - 1)) != 0)
        {
            context.Report(SchemaRules.FlagBits, scalar, $"A flag is 0 or a single bit (1, 2, 4, 8 …); {value} is several.");
            return null;
        }
        if (!members.TryAddNumber(scalar, value, "value", name.Text) || !nameStands)
        {
            return null;
        }
        return new(name.Text, clrName, value, mapping.Doc()) { Since = mapping.Since(name.Text), Deprecated = mapping.Deprecation(siblings, name.Text) };
    }

    /// <summary>Checked against the underlying type here, because u64 goes beyond what the vocabulary can say.</summary>
    private static ulong? Number(ReadingContext context, ScalarNode scalar, TypeKind underlying, ulong max)
    {
        if (!ScalarText.TryInteger(scalar, out var value))
        {
            context.Report(SchemaRules.WrongValue, scalar, $"'value' is a whole number, not '{DiagnosticText.Excerpt(scalar.Text)}'.");
            return null;
        }
        if (value < 0 || value > max)
        {
            context.Report(SchemaRules.NumberOutOfRange, scalar, $"A value of {CanonicalText.Keyword(underlying)} lies between 0 and {max}.");
            return null;
        }
        return (ulong)value;
    }
}
