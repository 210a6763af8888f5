namespace Xtmp.Schema;

/// <summary>Which link a message prefers.</summary>
public enum TransportKind
{
    Reliable,
    Fast,
}
