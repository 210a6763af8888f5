using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Reference;

/// <summary>Writes the reference pages of a schema.</summary>
public static class ReferenceWriter
{
    /// <summary>Pages by file name: one a family, one of shared types, one of messages inside a silo.</summary>
    public static IReadOnlyDictionary<string, string> Write(SchemaModel model)
    {
        SortedDictionary<string, string> pages = new(StringComparer.Ordinal);
        Dictionary<string, string> homes = Homes(model);
        foreach (FamilyModel family in model.Families)
        {
            MessageModel[] messages = [.. model.Messages.Where(m => m.Family == family.Name)];
            pages[PageOf(family.Name)] = new ReferencePage(model, PageOf(family.Name), homes).Family(family, messages);
        }

        if (model.Messages.Any(m => m.Family is null))
        {
            string page = PageOf(model.Protocol + "-local");
            pages[page] = new ReferencePage(model, page, homes).Messages(
                $"{model.Protocol}: messages without a family", "Messages that never leave a silo, and those that belong to no family.", [.. model.Messages.Where(m => m.Family is null)]);
        }

        string types = PageOf(model.Protocol + "-types");
        if (homes.ContainsValue(types))
        {
            pages[types] = new ReferencePage(model, types, homes).Types($"{model.Protocol}: shared types", "Types that several families use, and those that stand on their own.");
        }

        return pages;
    }

    /// <summary>The page of each type: that of the family which alone uses it, else the page of shared types.</summary>
    private static Dictionary<string, string> Homes(SchemaModel model)
    {
        TypeGraph graph = TypeGraph.Of(model);
        Dictionary<string, HashSet<string>> users = new(StringComparer.Ordinal);
        foreach (MessageModel message in model.Messages)
        {
            foreach (string name in graph.Closure([message.Name]))
            {
                if (!users.TryGetValue(name, out HashSet<string>? pages))
                {
                    users.Add(name, pages = []);
                }

                pages.Add(PageOf(message.Family ?? model.Protocol + "-local"));
            }
        }

        return graph.Declared().ToDictionary(n => n, n => users.TryGetValue(n, out HashSet<string>? pages) && pages.Count == 1 ? pages.Single() : PageOf(model.Protocol + "-types"), StringComparer.Ordinal);
    }

    private static string PageOf(string name) => name + ".md";
}
