namespace Xtmp.Cli.Schema.Findings;

/// <summary>How much a finding matters.</summary>
public enum FindingLevel
{
    Error,
    Warning,
    Note,
}
