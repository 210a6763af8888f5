using Microsoft.Extensions.FileSystemGlobbing;

namespace Xtmp.Cli.Schema;

/// <summary>Files, folders and patterns become files.</summary>
internal static class SchemaPaths
{
    /// <summary>Standard input, by this name in findings.</summary>
    public const string StandardInput = "-";

    /// <summary>
    /// The schema files that are meant, each once: of a folder those with a <c>protocol:</c> line. Null after saying what
    /// matches nothing.
    /// </summary>
    public static IReadOnlyList<string>? Expand(IEnumerable<string> given, TextWriter error)
    {
        List<string> files = [];
        bool found = true;
        foreach (string path in given)
        {
            string[] matches = Matches(path);
            if (matches.Length == 0)
            {
                error.WriteLine($"{PlainText.Of(path)}: there is no schema (a .yaml file with a 'protocol:' line).");
                found = false;
            }

            files.AddRange(matches);
        }

        return found ? [.. files.Distinct()] : null;
    }

    private static string[] Matches(string path)
    {
        if (Directory.Exists(path))
        {
            return Below(path, "**/*.yaml", "**/*.yml");
        }

        if (File.Exists(path) || path.AsSpan().IndexOfAny('*', '?') < 0)
        {
            return [path];
        }

        // A pattern is taken from the last folder before its first sign.
        int sign = path.AsSpan().IndexOfAny('*', '?');
        int slash = path.AsSpan(0, sign).LastIndexOfAny('/', '\\');
        string folder = slash < 0 ? "." : path[..(slash + 1)];
        return Directory.Exists(folder) ? Below(folder, path[(slash + 1)..]) : [];
    }

    private static string[] Below(string folder, params string[] patterns)
    {
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddIncludePatterns(patterns);
        matcher.AddExcludePatterns(["**/bin/**", "**/obj/**", "**/.*/**", "**/node_modules/**"]);
        return
        [
            .. matcher.GetResultsInFullPath(folder).Where(IsSchema).Order(StringComparer.Ordinal)
                .Select(f => folder == "." ? Path.GetRelativePath(".", f) : Path.Combine(folder, Path.GetRelativePath(folder, f))),
        ];
    }

    private static bool IsSchema(string path) =>
        SchemaFile.ReadText(path, TextWriter.Null) is { } text && text.Split('\n').Any(l => l.StartsWith("protocol:", StringComparison.Ordinal));
}
