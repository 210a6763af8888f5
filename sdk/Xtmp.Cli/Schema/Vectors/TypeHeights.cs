using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Vectors;

/// <summary>How deep the smallest value of each type is: what is required of it, at any depth.</summary>
public static class TypeHeights
{
    public static IReadOnlyDictionary<string, int> Of(IReadOnlyDictionary<string, object> types)
    {
        Dictionary<string, int> heights = types.Where(t => t.Value is EnumModel).ToDictionary(t => t.Key, _ => 0, StringComparer.Ordinal);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach ((string name, object type) in types.Where(t => !heights.ContainsKey(t.Key)).ToList())
            {
                int? height = type switch
                {
                    StructModel s => Max(s.Fields, heights),
                    MessageModel m => Max(m.Shape.Fields, heights),
                    UnionModel u => u.Arms.Select(a => heights.TryGetValue(a.Type.Name, out int h) ? h : (int?)null).Min(),
                    _ => null,
                };
                if (height is { } known)
                {
                    heights.Add(name, known + 1);
                    changed = true;
                }
            }
        }

        return heights;
    }

    private static int? Max(IEnumerable<FieldModel> fields, Dictionary<string, int> heights)
    {
        int max = 0;
        foreach (FieldModel field in fields.Where(f => f.Required))
        {
            if (Of(field.Type, heights) is not { } height)
            {
                return null;
            }

            max = Math.Max(max, height);
        }

        return max;
    }

    private static int? Of(TypeModel type, Dictionary<string, int> heights) => type.Kind switch
    {
        TypeKind.Struct or TypeKind.Union => heights.TryGetValue(type.Named!.Name, out int height) ? height : null,
        TypeKind.List or TypeKind.Map when type.MinLength > 0 => Of(type.Element!, heights),
        _ => 0,
    };
}
