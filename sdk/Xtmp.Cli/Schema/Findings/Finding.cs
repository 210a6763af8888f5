using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Findings;

/// <summary>What a verb found in a schema, for people and for programs.</summary>
/// <param name="Rule">XTMP001…, LINT01… or the id of a breaking rule.</param>
/// <param name="Level">Error, warning or note, as SARIF has them.</param>
/// <param name="Position">Where; line 0 where only the file is known.</param>
/// <param name="Path">Of what, for example <c>messages.WalletTransaction.amount</c>; empty where the file as a whole is meant.</param>
/// <param name="Message">A sentence for a person.</param>
/// <param name="Text">The line that the verb prints behind the position.</param>
public sealed record Finding(string Rule, FindingLevel Level, SourcePosition Position, string Path, string Message, string Text)
{
    /// <summary>What a breaking change breaks; null for other findings.</summary>
    public string? Class { get; init; }

    public static Finding Of(SchemaDiagnostic diagnostic) => new(
        diagnostic.Id,
        diagnostic.Severity == SchemaSeverity.Error ? FindingLevel.Error : FindingLevel.Warning,
        diagnostic.Position,
        "",
        diagnostic.Text,
        $"{(diagnostic.Severity == SchemaSeverity.Error ? "error" : "warning")} {diagnostic.Id}: {diagnostic.Text}");

    public override string ToString() => Position.Line > 0 ? $"{Position}: {Text}" : $"{Position.File}: {Text}";
}
