namespace Xtmp.Schema;

/// <summary>What answers a method's request.</summary>
public enum MethodKind
{
    Unary,
    Stream,
    OneWay,
}
