namespace Xtmp.Cli.Schema.Breaking;

/// <summary>Whom a change breaks, the worst first.</summary>
public enum BreakingClass
{
    /// <summary>Peers of the old and the new schema misunderstand or refuse each other.</summary>
    Wire,

    /// <summary>What grains have stored is no longer found.</summary>
    State,

    /// <summary>JSON written by one is read wrongly by the other.</summary>
    Json,

    /// <summary>C# code that uses what is generated no longer compiles.</summary>
    Source,

    /// <summary>The schema does not say that it changed, or the lock file does not know of it.</summary>
    Version,
}
