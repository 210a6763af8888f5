namespace Xtmp.Schema.Reading;

/// <summary>The names in a list of declarations, before any of them is read.</summary>
internal static class ListNames
{
    public static IReadOnlyCollection<string> Of(IReadOnlyList<Node> items) =>
        new HashSet<string>(items.OfType<MappingNode>().SelectMany(m => m.Entries).Where(e => e.Key.Text == "name").Select(e => e.Value).OfType<ScalarNode>().Select(s => s.Text), StringComparer.Ordinal);
}
