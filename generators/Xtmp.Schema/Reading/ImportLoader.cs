namespace Xtmp.Schema.Reading;

/// <summary>Reads imported files, each once, by the caller's resolver.</summary>
internal sealed class ImportLoader(Func<string, string?> resolve)
{
    private const int MaxDepth = 16;

    private readonly Dictionary<string, FileReading> _read = new(StringComparer.Ordinal);
    private readonly List<string> _open = [];

    public FileReading ReadFile(string path, string text)
    {
        _open.Add(path);
        var reading = new FileReader(path, text, this).Read();
        _open.RemoveAt(_open.Count - 1);
        _read[path] = reading;
        return reading;
    }

    public void Import(ReadingContext context, Node node, List<FileReading> imports)
    {
        if (node is not ScalarNode { Text.Length: > 0 } scalar)
        {
            context.Report(SchemaRules.WrongShape, node, $"An import is the name of a file; this is {node.Noun}.");
            return;
        }
        context.ImportsIncomplete = true;
        var path = Combine(context.File, scalar.Text);
        if (_open.Contains(path))
        {
            context.Report(SchemaRules.ImportCycle, scalar, $"The import leads back to this file: {string.Join(", ", _open.SkipWhile(p => p != path))}.");
            return;
        }
        if (_open.Count >= MaxDepth)
        {
            context.Report(SchemaRules.TooLarge, scalar, FormattableString.Invariant($"Imports nest at most {MaxDepth} deep."));
            return;
        }
        if (!_read.TryGetValue(path, out var reading))
        {
            if (resolve(path) is not { } text)
            {
                context.Report(SchemaRules.ImportNotFound, scalar, $"There is no file '{DiagnosticText.Excerpt(scalar.Text)}'. In a project, an imported file has to be among the AdditionalFiles.");
                return;
            }
            reading = ReadFile(path, text);
        }
        if (reading.Model is null)
        {
            var first = reading.Diagnostics.FirstOrDefault(d => d.Severity == SchemaSeverity.Error);
            context.Report(SchemaRules.ImportBroken, scalar, $"The imported file has errors. The first: {first}");
            return;
        }
        context.ImportsIncomplete = false;
        if (!imports.Contains(reading))
        {
            imports.Add(reading);
        }
    }

    /// <summary>A path relative to the importing file, without <c>.</c> and <c>..</c>.</summary>
    private static string Combine(string importer, string import)
    {
        import = import.Replace('\\', '/');
        var slash = importer.Replace('\\', '/').LastIndexOf('/');
        var rooted = import.StartsWith("/", StringComparison.Ordinal) || (import.Length > 1 && import[1] == ':');
        var parts = new List<string>();
        foreach (var part in (rooted || slash < 0 ? import : importer.Replace('\\', '/').Substring(0, slash + 1) + import).Split('/'))
        {
            if (part == ".." && parts.Count > 0 && parts[parts.Count - 1] is not ("" or ".."))
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != "." && (part.Length > 0 || parts.Count == 0))
            {
                parts.Add(part);
            }
        }
        return string.Join("/", parts);
    }
}
