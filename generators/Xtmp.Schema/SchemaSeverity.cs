namespace Xtmp.Schema;

/// <summary>How much a diagnostic matters.</summary>
public enum SchemaSeverity
{
    /// <summary>The schema holds and code is generated.</summary>
    Warning,

    /// <summary>There is no model.</summary>
    Error,
}
