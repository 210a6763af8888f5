namespace Xtmp.Cli.Schema.Findings;

/// <summary>How findings are written.</summary>
public enum FindingFormat
{
    /// <summary>A line each, <c>file:line:column: text</c>; errors of the schema itself go to standard error.</summary>
    Text,

    /// <summary>A JSON object a line.</summary>
    Json,

    /// <summary>One SARIF 2.1.0 log, which code hosts show beside the changed lines.</summary>
    Sarif,
}
