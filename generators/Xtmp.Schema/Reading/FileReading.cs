namespace Xtmp.Schema.Reading;

/// <summary>A file that has been read, with the files it imports at any depth.</summary>
internal sealed record FileReading(
    string Path,
    SchemaModel? Model,
    IReadOnlyList<SchemaDiagnostic> Diagnostics,
    IReadOnlyDictionary<string, SourcePosition> Positions,
    IReadOnlyList<FileReading> Imports)
{
    /// <summary>What could be read of a file with errors, unchecked; null when nothing could.</summary>
    public SchemaModel? Draft { get; init; }

    /// <summary>This file and all its imports, each once.</summary>
    public IEnumerable<FileReading> WithImports() =>
        Imports.SelectMany(i => i.WithImports()).Append(this).GroupBy(r => r.Path).Select(g => g.First());
}
