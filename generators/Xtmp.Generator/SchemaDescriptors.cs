using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Diagnostics of the schema reader as Roslyn shows them: at the YAML file's line and column.</summary>
internal static class SchemaDescriptors
{
    /// <summary>Of the generator's own: two declarations ask for one C# name.</summary>
    public const string CollisionId = "XTMP080";

    /// <summary>Of the generator's own: two files are one protocol's.</summary>
    public const string SameProtocolId = "XTMP081";

    private const string Category = "Xtmp.Schema";

    private static readonly DiagnosticDescriptor Collision =
        new(CollisionId, "Two declarations generate one C# name", "{0}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor SameProtocol =
        new(SameProtocolId, "Two schemas of one protocol", "{0}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly Dictionary<string, DiagnosticDescriptor> ById = SchemaRules.All.ToDictionary(
        rule => rule.Id,
        rule => new DiagnosticDescriptor(
            rule.Id,
            rule.Title,
            "{0}",
            Category,
            rule.Severity == SchemaSeverity.Error ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
            isEnabledByDefault: true),
        StringComparer.Ordinal);

    public static Diagnostic ToDiagnostic(SchemaDiagnostic diagnostic)
    {
        var start = new LinePosition(Math.Max(0, diagnostic.Line - 1), Math.Max(0, diagnostic.Column - 1));
        var end = new LinePosition(Math.Max(start.Line, diagnostic.EndLine - 1), Math.Max(0, diagnostic.EndColumn - 1));
        var span = new LinePositionSpan(start, end < start ? start : end);
        var descriptor = ById.TryGetValue(diagnostic.Id, out var found) ? found : diagnostic.Id == SameProtocolId ? SameProtocol : Collision;
        return Diagnostic.Create(descriptor, Location.Create(diagnostic.File, default, span), diagnostic.Text);
    }
}
