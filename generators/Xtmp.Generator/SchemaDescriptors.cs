using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using Xtmp.Schema;

namespace Xtmp.Generator;

/// <summary>Diagnostics of the schema reader as Roslyn shows them: at the YAML file's line and column.</summary>
internal static class SchemaDescriptors
{
    public static Diagnostic ToDiagnostic(SchemaDiagnostic diagnostic)
    {
        var descriptor = new DiagnosticDescriptor(
            diagnostic.Id,
            "Schema",
            "{0}",
            "Xtmp.Schema",
            diagnostic.Severity == SchemaSeverity.Error ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
            isEnabledByDefault: true);
        var start = new LinePosition(Math.Max(0, diagnostic.Line - 1), Math.Max(0, diagnostic.Column - 1));
        var end = new LinePosition(Math.Max(start.Line, diagnostic.EndLine - 1), Math.Max(0, diagnostic.EndColumn - 1));
        var span = new LinePositionSpan(start, end < start ? start : end);
        return Diagnostic.Create(descriptor, Location.Create(diagnostic.File, default, span), diagnostic.Text);
    }
}
