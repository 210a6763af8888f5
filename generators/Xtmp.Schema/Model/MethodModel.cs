namespace Xtmp.Schema;

/// <summary>A method of a handler.</summary>
public sealed record MethodModel
{
    /// <summary>Without <c>Async</c>, for example <c>Transaction</c>.</summary>
    public required string Name { get; init; }

    public required MethodKind Kind { get; init; }

    public required NamedTypeModel Request { get; init; }

    /// <summary>Reply of a unary method, item of a stream; null for a one-way method.</summary>
    public NamedTypeModel? Reply { get; init; }

    public required KeyModel Key { get; init; }

    /// <summary>True when a call that succeeds lets the session speak for the wallet that is the key.</summary>
    public bool AuthenticatesWallet { get; init; }

    public CostKind Cost { get; init; }

    /// <summary>The role a caller needs, or None.</summary>
    public RoleKind Requires { get; init; }

    public string Doc { get; init; } = "";

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
