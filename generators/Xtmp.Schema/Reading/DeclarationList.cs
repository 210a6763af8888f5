namespace Xtmp.Schema.Reading;

/// <summary>A mapping from names to declarations.</summary>
internal static class DeclarationList
{
    public static IEnumerable<KeyValuePair<ScalarNode, Node>> Check(ReadingContext context, MappingNode mapping, ValueRule rule)
    {
        var good = new List<KeyValuePair<ScalarNode, Node>>();
        for (var i = 0; i < mapping.Entries.Count; i++)
        {
            var (name, value) = (mapping.Entries[i].Key, mapping.Entries[i].Value);
            // A declaration whose body stands beside it, not under it, shows as one that is empty and keys in the place of names.
            var next = i + 1 < mapping.Entries.Count ? mapping.Entries[i + 1].Key : null;
            if (value is ScalarNode { IsNull: true } && next is not null && rule.Node!.Find(next.Text) is not null)
            {
                context.Report(SchemaRules.Indentation, next, $"'{next.Text}' stands where a name is expected; indent it to belong to '{DiagnosticText.Excerpt(name.Text)}'.");
                while (i + 1 < mapping.Entries.Count && rule.Node.Find(mapping.Entries[i + 1].Key.Text) is not null)
                {
                    i++;
                }
                continue;
            }
            if (rule.TypeNames ? Naming.IsPascalCase(name.Text) : Naming.IsSnakeCase(name.Text))
            {
                good.Add(mapping.Entries[i]);
                continue;
            }
            var form = rule.TypeNames ? "ASCII letters and digits, beginning with a capital" : "lower-case words joined by '_'";
            context.Report(SchemaRules.BadName, name, FormattableString.Invariant($"'{DiagnosticText.Excerpt(name.Text)}' is no name for {rule.Node!.Noun}: {form}, at most {Naming.LongestName} characters."),
                rule.TypeNames ? Naming.SuggestPascalCase(name.Text) : Naming.SuggestSnakeCase(name.Text));
        }
        return good;
    }
}
