namespace Xtmp.Schema;

/// <summary>Why something should no longer be used, and by what it is replaced (a schema name) where something is.</summary>
public sealed record DeprecationModel(string Reason, string? ReplacedBy);
