namespace Xtmp.Schema;

/// <summary>The named types of a schema and its imports, and which of them use which.</summary>
public sealed class TypeGraph
{
    private readonly Dictionary<string, object> _all = new(StringComparer.Ordinal);
    private readonly HashSet<string> _declared = new(StringComparer.Ordinal);
    private readonly SchemaModel _model;

    private TypeGraph(SchemaModel model)
    {
        _model = model;
        Add(model, declared: true);
    }

    public static TypeGraph Of(SchemaModel model) => new(model);

    /// <summary>
    /// <see cref="EnumModel"/>, <see cref="StructModel"/>, <see cref="UnionModel"/> and <see cref="MessageModel"/> by name.
    /// A name means one thing over a file and all it imports; the reader sees to that.
    /// </summary>
    public IReadOnlyDictionary<string, object> All => _all;

    /// <summary>What the file declares, and imported types that it uses.</summary>
    public ISet<string> Declared() => Closure(_declared);

    /// <summary>What leaves the process.</summary>
    public ISet<string> OnTheWire()
    {
        var localMessages = _model.Messages.Where(m => m.Kind != MessageKind.Error && m.Code == 0).Select(m => m.Name).ToList();
        var usedLocally = Closure(localMessages);
        return Closure(_declared.Where(name => _all[name] is MessageModel ? !localMessages.Contains(name) : !usedLocally.Contains(name)));
    }

    /// <summary>The names and everything they use, at any depth.</summary>
    public ISet<string> Closure(IEnumerable<string> names)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Stack<string>(names);
        while (waiting.Count > 0)
        {
            var name = waiting.Pop();
            if (reached.Add(name) && _all.TryGetValue(name, out var type))
            {
                foreach (var used in Uses(type))
                {
                    waiting.Push(used);
                }
            }
        }
        return reached;
    }

    /// <summary>Names a type uses directly.</summary>
    public static IEnumerable<string> Uses(object type) => type switch
    {
        StructModel s => s.Fields.SelectMany(f => Names(f.Type)),
        MessageModel m => m.Shape.Fields.SelectMany(f => Names(f.Type)),
        UnionModel u => u.Arms.Select(a => a.Type.Name),
        _ => [],
    };

    private static IEnumerable<string> Names(TypeModel type) =>
        (type.Named is { } named ? new[] { named.Name } : [])
            .Concat(type.Element is null ? [] : Names(type.Element))
            .Concat(type.Key is null ? [] : Names(type.Key));

    private void Add(SchemaModel model, bool declared)
    {
        foreach (var imported in model.Imports)
        {
            Add(imported, declared: false);
        }
        foreach (var (name, type) in model.Enums.Select(e => (e.Name, (object)e))
            .Concat(model.Structs.Select(s => (s.Name, (object)s)))
            .Concat(model.Unions.Select(u => (u.Name, (object)u)))
            .Concat(model.Messages.Select(m => (m.Name, (object)m))))
        {
            _all[name] = type;
            if (declared)
            {
                _declared.Add(name);
            }
        }
    }
}
