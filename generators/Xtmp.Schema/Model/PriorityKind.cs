namespace Xtmp.Schema;

/// <summary>Sending order.</summary>
public enum PriorityKind
{
    Normal,
    High,
    Emergency,
}
