namespace Xtmp.Cli.Schema;

/// <summary>Exit codes of every verb, for scripts.</summary>
public static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The schema has errors or findings, or a file that is written by the tool is stale.</summary>
    public const int Findings = 1;

    /// <summary>Wrong arguments, or a file that cannot be read or written.</summary>
    public const int Usage = 2;

    /// <summary>A silo could not be reached, or answered with an error.</summary>
    public const int Failed = 3;

    /// <summary>Ctrl-C ended work that was not done.</summary>
    public const int Interrupted = 130;
}
