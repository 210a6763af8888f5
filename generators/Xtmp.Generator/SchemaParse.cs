using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>A file read: the model, without positions, or none when there is an error; and the diagnostics, with them.</summary>
internal sealed record SchemaParse(SchemaModel? Model, EquatableArray<SchemaDiagnostic> Diagnostics)
{
    public static SchemaParse Read(SchemaFile file, EquatableArray<SchemaFile> all, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var result = SchemaReader.Read(file.Path, file.Text, import => Find(file.Path, import, all));
        return new SchemaParse(result.Model, new EquatableArray<SchemaDiagnostic>(result.Diagnostics));
    }

    /// <summary>The text of an imported file, which must be an additional file of the project too.</summary>
    private static string? Find(string importer, string import, EquatableArray<SchemaFile> all)
    {
        var wanted = Normalise(Path.IsPathRooted(import) ? import : Path.Combine(Path.GetDirectoryName(importer) ?? "", import));
        return all.FirstOrDefault(file => Normalise(file.Path) == wanted)?.Text
            ?? all.FirstOrDefault(file => Normalise(file.Path) == Normalise(import))?.Text;
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
