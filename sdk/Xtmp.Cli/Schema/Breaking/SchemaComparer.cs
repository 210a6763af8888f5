using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Finds what a new version of a schema breaks for those who have the old one.</summary>
public sealed class SchemaComparer
{
    private readonly SchemaModel _before;
    private readonly SchemaModel _after;
    private readonly ShapeComparer _shapes;
    private readonly List<BreakingChange> _changes = [];

    private SchemaComparer(SchemaModel before, SchemaModel after)
    {
        _before = before;
        _after = after;
        _shapes = new ShapeComparer(TypeGraph.Of(before).All, TypeGraph.Of(after).All, _changes);
    }

    /// <summary>Breaking changes, the worst class first, then by path.</summary>
    public static IReadOnlyList<BreakingChange> Compare(SchemaModel before, SchemaModel after)
    {
        SchemaComparer comparer = new(before, after);
        comparer.CompareAll();
        return [.. comparer._changes.Distinct().OrderBy(c => c.Class).ThenBy(c => c.Path, StringComparer.Ordinal).ThenBy(c => c.Message, StringComparer.Ordinal)];
    }

    private void CompareAll()
    {
        if (_before.Protocol != _after.Protocol)
        {
            Add(BreakingClass.Source, "protocol", $"was '{_before.Protocol}', is '{_after.Protocol}': the catalogue's name changes.");
        }

        if (_before.Namespace != _after.Namespace && _before.Namespace.Length > 0)
        {
            Add(BreakingClass.Source, "namespace", $"was '{_before.Namespace}', is '{_after.Namespace}'.");
        }

        foreach (EnumModel old in _before.Enums)
        {
            Match(old.Name, _after.Enums.FirstOrDefault(e => e.Name == old.Name), Section(old), e => _shapes.Enum(old, e, $"{Section(old)}.{old.Name}"));
        }

        foreach (StructModel old in _before.Structs)
        {
            Match(old.Name, _after.Structs.FirstOrDefault(s => s.Name == old.Name), "structs", s => _shapes.Fields(old, s, $"structs.{old.Name}"));
        }

        foreach (UnionModel old in _before.Unions)
        {
            Match(old.Name, _after.Unions.FirstOrDefault(u => u.Name == old.Name), "unions", u => _shapes.Union(old, u, $"unions.{old.Name}"));
        }

        foreach (MessageModel old in _before.Messages)
        {
            CompareMessage(old, _after.Messages.FirstOrDefault(m => m.Name == old.Name));
        }

        foreach (HandlerModel old in _before.Handlers)
        {
            CompareHandler(old, _after.Handlers.FirstOrDefault(h => h.Name == old.Name));
        }
    }

    private void Match<T>(string name, T? now, string section, Action<T> compare)
        where T : class
    {
        if (now is null)
        {
            // What the type's absence does to those who hold it shows where they hold it.
            Add(BreakingClass.Source, $"{section}.{name}", "is gone.");
            return;
        }

        compare(now);
    }

    private void CompareMessage(MessageModel old, MessageModel? now)
    {
        string path = $"messages.{old.Name}";
        bool inside = old.Code == 0;
        if (now is null)
        {
            // A message of another name that took over its code is a renamed one: on the wire names do not count.
            now = _after.Messages.FirstOrDefault(m => m.Code == old.Code && m.Kind == old.Kind && old.Code != 0 && _before.Messages.All(b => b.Name != m.Name));
            Add(now is null && !inside ? BreakingClass.Wire : BreakingClass.Source, path, now is null ? "is gone." : $"is now called '{now.Name}'.");
            if (now is null)
            {
                return;
            }
        }

        int first = _changes.Count;
        if (old.Code != now.Code)
        {
            Add(BreakingClass.Wire, path, $"had the code {Code(old.Code)}, has {Code(now.Code)}.");
        }

        if (old.Kind != now.Kind)
        {
            Add(BreakingClass.Wire, path, $"was of kind {old.Kind}, is {now.Kind}.");
        }

        if (old.Transport != now.Transport)
        {
            Add(BreakingClass.Wire, path, $"was sent over the {old.Transport} link, now over the {now.Transport} one.");
        }

        if (old.Compressible != now.Compressible)
        {
            Add(BreakingClass.Wire, path, old.Compressible ? "could be compressed, and now is refused when it is." : "was never compressed, and now may be.");
        }

        if (old.Authentication < now.Authentication)
        {
            Add(BreakingClass.Wire, path, $"needed authentication {old.Authentication}, now needs {now.Authentication}.");
        }

        if (old.Idempotent && !now.Idempotent)
        {
            Add(BreakingClass.Wire, path, "was safe to repeat and no longer is, but older clients still repeat it.");
        }

        _shapes.Fields(old.Shape, now.Shape, path);
        if (inside && now.Code == 0)
        {
            // Messages inside a silo meet no other version of the schema.
            for (int i = first; i < _changes.Count; i++)
            {
                _changes[i] = _changes[i] with { Class = BreakingClass.Source };
            }
        }
    }

    private void CompareHandler(HandlerModel old, HandlerModel? now)
    {
        string path = $"handlers.{old.Name}";
        if (now is null)
        {
            Add(BreakingClass.Source, path, "is gone.");
            return;
        }

        foreach (MethodModel method in old.Methods)
        {
            string methodPath = $"{path}.{method.Name}";
            if (now.Methods.FirstOrDefault(m => m.Name == method.Name) is not { } current)
            {
                Add(BreakingClass.Source, methodPath, "is gone.");
                continue;
            }

            bool inside = _before.Messages.FirstOrDefault(m => m.Name == method.Request.Name)?.Code == 0;
            if (method.Kind != current.Kind)
            {
                Add(inside ? BreakingClass.Source : BreakingClass.Wire, methodPath, $"was {method.Kind}, is {current.Kind}.");
            }

            if (method.Request.Name != current.Request.Name)
            {
                Add(BreakingClass.Source, methodPath, $"took {method.Request.Name}, takes {current.Request.Name}.");
            }

            if (method.Reply?.Name != current.Reply?.Name && method.Kind == current.Kind)
            {
                CompareReply(method, current, methodPath, inside);
            }

            if (KeyOf(method.Key) != KeyOf(current.Key))
            {
                Add(BreakingClass.Source, methodPath, $"had the key {KeyOf(method.Key)}, has {KeyOf(current.Key)}: what grains have stored is found under other keys.");
            }
        }
    }

    private void CompareReply(MethodModel method, MethodModel current, string path, bool inside)
    {
        Add(BreakingClass.Source, path, $"answered with {method.Reply?.Name}, answers with {current.Reply?.Name}.");
        StructModel? before = _before.Messages.FirstOrDefault(m => m.Name == method.Reply?.Name)?.Shape;
        StructModel? after = _after.Messages.FirstOrDefault(m => m.Name == current.Reply?.Name)?.Shape;
        if (before is not null && after is not null && !inside)
        {
            _shapes.Fields(before, after, path);
        }
    }

    private static string KeyOf(KeyModel key) => key.Source == KeySource.Field ? key.Field! : "$" + key.Source.ToString().ToLowerInvariant();

    private static string Code(byte code) => code == 0 ? "none" : "0x" + code.ToString("X2", System.Globalization.CultureInfo.InvariantCulture);

    private static string Section(EnumModel e) => e.IsFlags ? "flags" : "enums";

    private void Add(BreakingClass kind, string path, string message) => _changes.Add(new(kind, path, message));
}
