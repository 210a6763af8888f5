namespace Xtmp.Schema.Reading;

/// <summary>What follows from how types hold each other.</summary>
internal static class TypeFacts
{
    /// <summary>
    /// Structs and unions of which no value can exist, because each would have to hold another without end.
    /// </summary>
    public static ISet<string> InfiniteTypes(IReadOnlyDictionary<string, object> types)
    {
        var finite = new HashSet<string>(types.Where(t => t.Value is EnumModel).Select(t => t.Key), StringComparer.Ordinal);
        bool Ends(TypeModel type) => type.Kind switch
        {
            TypeKind.Struct or TypeKind.Union => finite.Contains(type.Named!.Name) || !types.ContainsKey(type.Named.Name),
            TypeKind.List or TypeKind.Map => type.MinLength == 0 || Ends(type.Element!),
            _ => true,
        };
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var type in types.Where(t => !finite.Contains(t.Key)).ToList())
            {
                var ends = type.Value switch
                {
                    StructModel s => s.Fields.All(f => f.Optional || Ends(f.Type)),
                    MessageModel m => m.Shape.Fields.All(f => f.Optional || Ends(f.Type)),
                    UnionModel u => u.Arms.IsEmpty || u.Arms.Any(a => finite.Contains(a.Type.Name) || !types.ContainsKey(a.Type.Name)),
                    _ => true,
                };
                changed |= ends && finite.Add(type.Key);
            }
        }
        return new HashSet<string>(types.Keys.Where(k => !finite.Contains(k)), StringComparer.Ordinal);
    }

    /// <summary>The first cycle of required fields from a type, for example <c>A.b, B.a</c>; null when it only leads into one.</summary>
    public static IReadOnlyList<string>? Cycle(string name, IReadOnlyDictionary<string, object> types, ISet<string> infinite)
    {
        var path = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool Walk(string at)
        {
            foreach (var (member, to) in RequiredSteps(types[at]).Where(step => infinite.Contains(step.To)))
            {
                path.Add(at + "." + member);
                if (to == name || (seen.Add(to) && Walk(to)))
                {
                    return true;
                }
                path.RemoveAt(path.Count - 1);
            }
            return false;
        }
        return Walk(name) ? path : null;
    }

    private static IEnumerable<(string Member, string To)> RequiredSteps(object type)
    {
        static IEnumerable<string> Targets(TypeModel t) => t.Kind switch
        {
            TypeKind.Struct or TypeKind.Union => [t.Named!.Name],
            TypeKind.List or TypeKind.Map when t.MinLength > 0 => Targets(t.Element!),
            _ => [],
        };
        return type switch
        {
            StructModel s => s.Fields.Where(f => !f.Optional).SelectMany(f => Targets(f.Type).Select(t => (f.Name, t))),
            MessageModel m => m.Shape.Fields.Where(f => !f.Optional).SelectMany(f => Targets(f.Type).Select(t => (f.Name, t))),
            UnionModel u => u.Arms.Select(a => (a.Name, a.Type.Name)),
            _ => [],
        };
    }
}
