namespace BitChat.Peer;

/// <summary>What an operation makes of a table.</summary>
/// <param name="Table">The table afterwards; the one before where there is a fault.</param>
/// <param name="Fault">Why nothing changed, or <see cref="GameFault.None"/>.</param>
public readonly record struct CrapsStep(CrapsTable Table, GameFault Fault)
{
    public bool IsApplied => Fault == GameFault.None;
}
