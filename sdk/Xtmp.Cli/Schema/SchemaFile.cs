using Xtmp.Cli.Schema.Findings;
using Xtmp.Schema;

namespace Xtmp.Cli.Schema;

/// <summary>A schema file that has been read without errors.</summary>
public sealed record SchemaFile(string Path, string Text, SchemaModel Model, SchemaResult Result)
{
    /// <summary>Bytes of the largest file that is looked at.</summary>
    private const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Reads schema files and prints what is wrong with them. On an error gives null and the exit code.
    /// </summary>
    public static IReadOnlyList<SchemaFile>? ReadAll(IEnumerable<string> paths, TextWriter error, out int exitCode)
    {
        List<Finding> mistakes = [];
        IReadOnlyList<SchemaFile>? files = ReadAll(paths, error, mistakes, out exitCode);
        FindingWriter.Write(mistakes, FindingFormat.Text, error, error);
        return files;
    }

    /// <summary>The same, with what is wrong in a list; only what cannot be read at all is printed.</summary>
    public static IReadOnlyList<SchemaFile>? ReadAll(IEnumerable<string> paths, TextWriter error, List<Finding> mistakes, out int exitCode)
    {
        exitCode = ExitCodes.Ok;
        if (SchemaPaths.Expand(paths, error) is not { } expanded)
        {
            exitCode = ExitCodes.Usage;
            return null;
        }

        List<SchemaFile> files = [];
        foreach (string path in expanded)
        {
            if (ReadText(path, error) is not { } text)
            {
                exitCode = ExitCodes.Usage;
                continue;
            }

            SchemaResult result = SchemaReader.Read(path, text, import => File.Exists(import) ? ReadText(import, TextWriter.Null) : null);
            mistakes.AddRange(result.Diagnostics.Select(Finding.Of));
            if (result.Model is { } model)
            {
                files.Add(new SchemaFile(path, text, model, result));
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
            if (path == SchemaPaths.StandardInput)
            {
                return ReadBounded(Console.In, error);
            }

            FileInfo file = new(path);
            if (file.Exists && file.Length > MaxFileBytes)
            {
                error.WriteLine($"{path}: larger than {MaxFileBytes} bytes.");
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

    private static string? ReadBounded(TextReader input, TextWriter error)
    {
        char[] text = new char[MaxFileBytes + 1];
        int length = input.ReadBlock(text);
        if (length <= MaxFileBytes)
        {
            return new string(text, 0, length);
        }

        error.WriteLine($"Standard input: larger than {MaxFileBytes} characters.");
        return null;
    }
}
