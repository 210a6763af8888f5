using Xtmp.Schema;

namespace Xtmp.Cli.Schema;

/// <summary>A schema file that has been read without errors.</summary>
public sealed record SchemaFile(string Path, SchemaModel Model, SchemaResult Result)
{
    /// <summary>Bytes of the largest file that is looked at.</summary>
    private const int GreatestFile = 16 * 1024 * 1024;

    /// <summary>
    /// Reads schema files and prints what is wrong with them. On an error gives null and the exit code.
    /// </summary>
    public static IReadOnlyList<SchemaFile>? ReadAll(IEnumerable<string> paths, TextWriter error, out int exitCode)
    {
        exitCode = ExitCodes.Ok;
        List<SchemaFile> files = [];
        foreach (string path in paths)
        {
            if (ReadText(path, error) is not { } text)
            {
                exitCode = ExitCodes.Usage;
                continue;
            }

            SchemaResult result = SchemaReader.Read(path, text, import => File.Exists(import) ? ReadText(import, TextWriter.Null) : null);
            foreach (SchemaDiagnostic diagnostic in result.Diagnostics)
            {
                error.WriteLine(diagnostic);
            }

            if (result.Model is { } model)
            {
                files.Add(new SchemaFile(path, model, result));
            }
            else
            {
                exitCode = Math.Max(exitCode, ExitCodes.Findings);
            }
        }

        return exitCode == ExitCodes.Ok ? files : null;
    }

    /// <summary>The text of a file, or null after saying why it cannot be read.</summary>
    public static string? ReadText(string path, TextWriter error)
    {
        try
        {
            FileInfo file = new(path);
            if (file.Exists && file.Length > GreatestFile)
            {
                error.WriteLine($"{path}: larger than {GreatestFile} bytes.");
                return null;
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            error.WriteLine($"{path}: cannot be read: {e.Message}");
            return null;
        }
    }
}
