using Xtmp.Schema.Reading;

namespace Xtmp.Schema;

/// <summary>Reads schema files.</summary>
public static class SchemaReader
{
    /// <summary>
    /// Reads a schema. Never throws for what the text says; never takes more than the bounds of
    /// <see cref="NodeLoader"/> allow.
    /// </summary>
    /// <param name="path">Path of the file, for diagnostics and as the base of imports.</param>
    /// <param name="text">Its text.</param>
    /// <param name="importResolver">Gives the text of an imported file by its path (relative ones taken from the importing file), or null where there is none.</param>
    public static SchemaResult Read(string path, string text, Func<string, string?> importResolver)
    {
        var reading = new ImportLoader(importResolver).ReadFile(path.Replace('\\', '/'), text);
        return new(reading.Model, reading.Diagnostics, reading.Positions, reading.Draft);
    }
}
