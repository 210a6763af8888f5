namespace Xtmp.Schema;

/// <summary>One mistake in a schema file, at its place.</summary>
/// <param name="Id">XTMP001 and up; each has a page under <c>diagnostics/</c>.</param>
/// <param name="Message">A sentence for a person, without the suggestion.</param>
/// <param name="Suggestion">What was probably meant, or null.</param>
public sealed record SchemaDiagnostic(string Id, SchemaSeverity Severity, string Message, SourcePosition Position, string? Suggestion)
{
    public string File => Position.File;

    public int Line => Position.Line;

    public int Column => Position.Column;

    public int EndLine => Position.EndLine;

    public int EndColumn => Position.EndColumn;

    /// <summary>Message and suggestion, as shown to a person.</summary>
    public string Text => Suggestion is null ? Message : $"{Message} Did you mean '{Suggestion}'?";

    public override string ToString() =>
        $"{Position}: {(Severity == SchemaSeverity.Error ? "error" : "warning")} {Id}: {Text}";
}
