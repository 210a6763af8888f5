namespace Xtmp.Schema;

/// <summary>A kind of diagnostic. Its page is <c>diagnostics/{Id}.md</c>.</summary>
public sealed record SchemaRule(string Id, string Title, SchemaSeverity Severity);
