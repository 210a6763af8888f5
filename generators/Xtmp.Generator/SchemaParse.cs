using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>
/// A file read: the model, without positions, and where there is an error what can be saved of it; the names it asks for
/// and the diagnostics, with them.
/// </summary>
internal sealed record SchemaParse(string File, SchemaModel? Model, NameClaims Names, EquatableArray<SchemaDiagnostic> Diagnostics)
{
    public static SchemaParse Read(SchemaFile file, EquatableArray<SchemaFile> all, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var result = SchemaReader.Read(file.Path, file.Text, path => Find(path, all));
        var model = result.Model ?? ErrorRecovery.Of(result.Draft);
        return new SchemaParse(file.Path, model, NameClaims.Of(file, model, result.Positions), new EquatableArray<SchemaDiagnostic>(result.Diagnostics));
    }

    /// <summary>
    /// The model without declarations whose C# names another declaration has; without a protocol where that goes for the
    /// catalogue.
    /// </summary>
    public static SchemaModel? WithoutCollisions(SchemaParse parse, EquatableArray<NameCollision> collisions)
    {
        var lost = new HashSet<string>(collisions.Where(c => c.File == parse.File).Select(c => c.Name), StringComparer.Ordinal);
        if (parse.Model is not { } model || lost.Count == 0)
        {
            return parse.Model;
        }

        return model with
        {
            Protocol = lost.Contains("") ? "" : model.Protocol,
            Enums = new EquatableArray<EnumModel>(model.Enums.Where(e => !lost.Contains(e.Name))),
            Structs = new EquatableArray<StructModel>(model.Structs.Where(s => !lost.Contains(s.Name))),
            Unions = new EquatableArray<UnionModel>(model.Unions.Where(u => !lost.Contains(u.Name))),
            Messages = new EquatableArray<MessageModel>(model.Messages.Where(m => !lost.Contains(m.Name))),
            Handlers = new EquatableArray<HandlerModel>(model.Handlers.Where(h => !lost.Contains(h.Name)).Select(h => h with { HasErrors = h.HasErrors && !lost.Contains("") })),
        };
    }

    /// <summary>The text of an imported file, which must be an additional file of the project too.</summary>
    private static string? Find(string import, EquatableArray<SchemaFile> all)
    {
        var wanted = Normalise(import);
        return all.FirstOrDefault(file => Normalise(file.Path) == wanted)?.Text;
    }

    /// <summary>One spelling a file: forward slashes, no <c>.</c> and <c>..</c> parts.</summary>
    private static string Normalise(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Replace('\\', '/').Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[parts.Count - 1].Length > 0 && parts[parts.Count - 1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join("/", parts);
    }
}
