namespace Xtmp.Schema.Reading;

/// <summary>The declarations of a file, with every name known before any body is read.</summary>
internal sealed class Declarations
{
    public List<EnumModel> Enums { get; } = [];

    public List<KeyValuePair<ScalarNode, Node>> Structs { get; private set; } = [];

    public List<KeyValuePair<ScalarNode, Node>> Unions { get; private set; } = [];

    public List<KeyValuePair<ScalarNode, Node>> Messages { get; private set; } = [];

    public List<KeyValuePair<ScalarNode, Node>> Handlers { get; private set; } = [];

    public static Declarations Collect(ReadingContext context, MappingReader file, string protocol, IEnumerable<FileReading> imports)
    {
        var found = new Declarations();
        ImportTypes(context, file, imports);
        foreach (var (section, flags) in new[] { ("enums", false), ("flags", true) })
        {
            foreach (var declaration in file.Declarations(section))
            {
                context.Mark(section + "." + declaration.Key.Text, declaration.Key);
                var model = EnumReader.Read(context, declaration.Key, declaration.Value, flags);
                var underlying = model?.Underlying ?? TypeKind.U8;
                var members = model?.Values.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);
                var type = new NamedTypeModel(declaration.Key.Text, context.Namespace, flags ? NamedTypeKind.Flags : NamedTypeKind.Enum, underlying);
                if (Declare(context, declaration.Key, new(type, context.File, members)) && model is not null)
                {
                    found.Enums.Add(model);
                }
            }
        }
        found.Structs = Section(context, file, "structs", NamedTypeKind.Struct);
        found.Unions = Section(context, file, "unions", NamedTypeKind.Union);
        found.Messages = Section(context, file, "messages", NamedTypeKind.Message);
        found.Handlers = HandlerSection(context, file);
        var errors = ReservedNames.IsCore(protocol) ? [] : found.Messages.Where(IsError).Select(m => m.Key).ToList();
        foreach (var error in errors)
        {
            Take(context, error, error.Text + "Exception", $"which is generated for the error '{error.Text}'");
        }
        foreach (var suffix in errors.Count > 0 ? new[] { "Catalogue", "Errors" } : ["Catalogue"])
        {
            if (file.Scalar("protocol") is { } name)
            {
                Take(context, name, Naming.ToPascalCase(protocol) + suffix, "which is generated for the protocol");
            }
        }
        return found;
    }

    private static bool IsError(KeyValuePair<ScalarNode, Node> message) =>
        message.Value is MappingNode body && body.Entries.Any(e => e.Key.Text == "kind" && e.Value is ScalarNode { Text: "error" });

    private static void Take(ReadingContext context, ScalarNode owner, string name, string why)
    {
        if (!context.Symbols.TryTake(name, why.Replace("which is generated", "what is generated"), out var takenBy))
        {
            context.Report(SchemaRules.DuplicateType, owner, $"'{name}', {why}, has the name of {takenBy}.");
        }
    }

    private static List<KeyValuePair<ScalarNode, Node>> Section(ReadingContext context, MappingReader file, string section, NamedTypeKind kind)
    {
        var good = new List<KeyValuePair<ScalarNode, Node>>();
        foreach (var declaration in file.Declarations(section))
        {
            context.Mark(section + "." + declaration.Key.Text, declaration.Key);
            if (Declare(context, declaration.Key, new(new(declaration.Key.Text, context.Namespace, kind, null), context.File, null)))
            {
                good.Add(declaration);
            }
        }
        return good;
    }

    /// <summary>A handler takes the names of what is generated for it.</summary>
    private static List<KeyValuePair<ScalarNode, Node>> HandlerSection(ReadingContext context, MappingReader file)
    {
        var good = new List<KeyValuePair<ScalarNode, Node>>();
        foreach (var declaration in file.Declarations("handlers"))
        {
            var name = declaration.Key.Text;
            context.Mark("handlers." + name, declaration.Key);
            good.Add(declaration);
            foreach (var generated in new[] { $"I{name}Handler", $"{name}Client", $"{name}Methods" })
            {
                if (!context.Symbols.TryTake(generated, $"what is generated for the handler '{name}'", out var takenBy))
                {
                    context.Report(SchemaRules.DuplicateType, declaration.Key, $"'{generated}', which is generated for the handler '{name}', has the name of {takenBy}.");
                    break;
                }
            }
        }
        return good;
    }

    private static bool Declare(ReadingContext context, ScalarNode name, Symbol symbol)
    {
        var what = $"the {symbol.Type.Kind.ToString().ToLowerInvariant()} in line {name.Position.Line.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        if (!context.Symbols.TryAdd(symbol, what, out var takenBy))
        {
            context.Report(SchemaRules.DuplicateType, name, $"'{name.Text}' is already the name of {takenBy}.");
            return false;
        }
        var beside = name.Text + (symbol.Type.Kind is NamedTypeKind.Enum or NamedTypeKind.Flags ? "Names" : "Codec");
        if (!context.Symbols.TryTake(beside, $"what is generated for '{name.Text}'", out takenBy))
        {
            context.Report(SchemaRules.DuplicateType, name, $"'{beside}', which is generated for '{name.Text}', has the name of {takenBy}.");
        }
        return true;
    }

    private static void ImportTypes(ReadingContext context, MappingReader file, IEnumerable<FileReading> imports)
    {
        foreach (var reading in imports.SelectMany(i => i.WithImports()))
        {
            var model = reading.Model!;
            var symbols = model.Enums.Select(e => new Symbol(
                    new(e.Name, e.Namespace, e.IsFlags ? NamedTypeKind.Flags : NamedTypeKind.Enum, e.Underlying), reading.Path, e.Values.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal)))
                .Concat(model.Structs.Select(s => new Symbol(new(s.Name, s.Namespace, NamedTypeKind.Struct, null), reading.Path, null)))
                .Concat(model.Unions.Select(u => new Symbol(new(u.Name, u.Namespace, NamedTypeKind.Union, null), reading.Path, null)))
                .Concat(model.Messages.Select(m => new Symbol(new(m.Name, m.Shape.Namespace, NamedTypeKind.Message, null), reading.Path, null)));
            foreach (var symbol in symbols)
            {
                if (!context.Symbols.TryImport(symbol, out var takenBy))
                {
                    context.Report(SchemaRules.DuplicateType, file["imports"]!, $"'{symbol.Type.Name}' of {symbol.Origin} is already the name of {takenBy}.");
                    return;
                }
            }
        }
    }
}
