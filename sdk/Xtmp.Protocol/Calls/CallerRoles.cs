namespace Xtmp.Protocol;

/// <summary>
/// What a silo's configuration lets an identity be, beside what its session has proved
/// (<see cref="AuthenticationLevel"/>). A method names the role it requires (schema <c>requires</c>).
/// </summary>
[Flags]
public enum CallerRoles : byte
{
    None = 0,

    /// <summary>A ledger node, which submits bundles.</summary>
    Node = 1,

    /// <summary>A notary, which gives verdicts on bundles.</summary>
    Notary = 2,

    /// <summary>An operator of the silo.</summary>
    Operator = 4,
}
