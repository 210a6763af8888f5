namespace Xtmp.Schema.Reading;

/// <summary>Reads one schema file: names first, then what they stand for, then how they fit together.</summary>
internal sealed class FileReader(string path, string text, ImportLoader loader)
{
    private readonly ReadingContext _context = new(path, new());
    private readonly List<FileReading> _imports = [];
    private SchemaModel? _draft;

    public FileReading Read()
    {
        var model = NodeLoader.Load(path, text, _context.Diagnostics) switch
        {
            MappingNode root => ReadRoot(root),
            var other => NotASchema(other),
        };
        return new(path, _context.Diagnostics.HasErrors ? null : model, _context.Diagnostics.ToSortedList(), _context.Positions, _imports) { Draft = _draft };
    }

    private SchemaModel? NotASchema(Node? node)
    {
        if (!_context.Diagnostics.HasErrors)
        {
            _context.Report(SchemaRules.NotASchema, node?.Position ?? new(path, 1, 1, 1, 2), "A schema is a mapping that begins with protocol, namespace and version.");
        }
        return null;
    }

    private SchemaModel? ReadRoot(MappingNode root)
    {
        if (!root.Entries.Any(e => SchemaVocabulary.File.Find(e.Key.Text) is not null))
        {
            return NotASchema(root);
        }
        if (MappingReader.Read(_context, root, SchemaVocabulary.File) is not { } file)
        {
            return null;
        }
        var protocol = ReadHeader(file);
        foreach (var import in file.Items("imports"))
        {
            loader.Import(_context, import, _imports);
        }
        foreach (var section in new[] { "enums", "flags", "structs", "unions", "messages", "handlers" })
        {
            _context.TopLevelNames.UnionWith(NamesOf(file, section));
        }
        FamilyReader.ReadAll(_context, file);
        var declarations = Declarations.Collect(_context, file, protocol, _imports);
        var structs = Each(declarations.Structs, (n, v) => StructReader.Read(_context, n, v, "structs"));
        var unions = Each(declarations.Unions, (n, v) => UnionReader.Read(_context, n, v));
        var messageReader = new MessageReader(_context, protocol);
        var drafts = Each(declarations.Messages, messageReader.Read);
        var handlerReader = new HandlerReader(_context, protocol, drafts.ToDictionary(d => d.Model.Name, StringComparer.Ordinal), NamesOf(file, "messages"));
        var handlers = Each(declarations.Handlers, handlerReader.Read);
        var messages = MessageJoiner.Join(_context, drafts, handlerReader);
        var model = new SchemaModel
        {
            Protocol = protocol,
            Namespace = _context.Namespace,
            Version = _context.Version,
            Doc = file.Doc(),
            Imports = new(_imports.Select(i => i.Model!)),
            Families = new(_context.Families.Values),
            Enums = new(declarations.Enums),
            Structs = new(structs),
            Unions = new(unions),
            Messages = new(messages),
            Handlers = new(handlers),
        };
        _draft = model;
        CheckCycles(model);
        if (_context.Diagnostics.HasErrors)
        {
            return null;
        }
        var whole = EncodedSize.Decide(Compression.Decide(model, drafts));
        foreach (var error in whole.Messages.Where(m => m.ErrorCode != 0 && m.MaxEncodedSize > SchemaLimits.MaxErrorBytes))
        {
            _context.Report(SchemaRules.ErrorTooLarge, _context.Positions["messages." + error.Name],
                FormattableString.Invariant($"'{error.Name}' may take {error.MaxEncodedSize} bytes; an error has room for {SchemaLimits.MaxErrorBytes}."));
        }
        return whole;
    }

    private static List<T> Each<T>(IEnumerable<KeyValuePair<ScalarNode, Node>> declarations, Func<ScalarNode, Node, T?> read)
        where T : class
    {
        var models = new List<T>();
        foreach (var declaration in declarations)
        {
            if (read(declaration.Key, declaration.Value) is { } model)
            {
                models.Add(model);
            }
        }
        return models;
    }

    private static HashSet<string> NamesOf(MappingReader file, string section) =>
        new((file[section] as MappingNode)?.Entries.Select(e => e.Key.Text) ?? [], StringComparer.Ordinal);

    private string ReadHeader(MappingReader file)
    {
        _context.Version = (int)(file.Integer("version") ?? _context.Version);
        if (file.Scalar("namespace") is { } clr)
        {
            _context.Namespace = clr.Text;
            if (!Naming.IsNamespace(clr.Text))
            {
                _context.Report(SchemaRules.BadName, clr, $"'{DiagnosticText.Excerpt(clr.Text)}' is no C# namespace.");
            }
        }
        if (file.Scalar("protocol") is not { } protocol)
        {
            return "";
        }
        _context.Mark("protocol", protocol);
        if (!Naming.IsSnakeCase(protocol.Text))
        {
            _context.Report(SchemaRules.BadName, protocol, $"'{DiagnosticText.Excerpt(protocol.Text)}' is no name for a protocol: lower-case words joined by '_'.", Naming.SuggestSnakeCase(protocol.Text));
        }
        return protocol.Text;
    }

    private void CheckCycles(SchemaModel model)
    {
        var types = TypeGraph.Of(model).All;
        var infinite = TypeFacts.InfiniteTypes(types);
        var reported = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in model.Structs.Select(s => s.Name).Concat(model.Unions.Select(u => u.Name)).Where(infinite.Contains))
        {
            if (TypeFacts.Cycle(name, types, infinite) is not { } cycle || cycle.Any(step => !reported.Add(step)))
            {
                continue;
            }
            var at = _context.Positions.TryGetValue("structs." + cycle[0], out var position) ? position : _context.Positions["unions." + cycle[0]];
            _context.Report(SchemaRules.Cycle, at, $"No value of '{name}' could ever end: {string.Join(" holds ", cycle)} holds {name} again. Make one of them optional or a list.");
        }
    }
}
