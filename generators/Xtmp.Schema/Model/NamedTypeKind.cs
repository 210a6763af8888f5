namespace Xtmp.Schema;

/// <summary>What a named type is.</summary>
public enum NamedTypeKind
{
    Enum,
    Flags,
    Struct,
    Union,
    Message,
}
