namespace Xtmp.Schema;

/// <summary>A role that a silo's configuration grants.</summary>
public enum RoleKind
{
    None,
    Node,
    Notary,
    Operator,
}
