namespace Xtmp.Cli.Schema;

/// <summary>Files that a verb makes: written, or with <c>--check</c> compared with what is there.</summary>
public static class OutputFiles
{
    /// <param name="folder">Folder they belong to.</param>
    /// <param name="files">Content by name.</param>
    /// <param name="check">Compare only.</param>
    /// <param name="output">Takes the names of what was written.</param>
    /// <param name="error">Takes what is stale or went wrong.</param>
    public static int Write(string folder, IReadOnlyDictionary<string, string> files, bool check, TextWriter output, TextWriter error)
    {
        int exitCode = ExitCodes.Ok;
        try
        {
            foreach ((string name, string content) in files)
            {
                string path = Path.Combine(folder, name);
                bool fresh = File.Exists(path) && File.ReadAllText(path) == content;
                if (fresh)
                {
                    continue;
                }

                if (check)
                {
                    error.WriteLine($"{path}: {(File.Exists(path) ? "stale" : "missing")}; run the same command without --check.");
                    exitCode = ExitCodes.Findings;
                    continue;
                }

                if (Path.GetDirectoryName(path) is { Length: > 0 } parent)
                {
                    Directory.CreateDirectory(parent);
                }

                File.WriteAllText(path, content);
                output.WriteLine(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error.WriteLine($"{folder}: cannot be written: {e.Message}");
            return ExitCodes.Usage;
        }

        return exitCode;
    }
}
