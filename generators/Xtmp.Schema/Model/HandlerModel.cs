namespace Xtmp.Schema;

/// <summary>A group of methods served by one grain kind.</summary>
public sealed record HandlerModel
{
    /// <summary>For example <c>Wallet</c>: IWalletHandler, WalletClient, WalletMethods.</summary>
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public string Doc { get; init; } = "";

    /// <summary>The schema's protocol.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>What the schema says its grains are stored under, or null.</summary>
    public string? StoredAs { get; init; }

    /// <summary>
    /// The grain kind, under which grains are stored: the name, with the protocol before it in all schemas but XTMP's own.
    /// </summary>
    public string Kind => StoredAs ?? (ReservedNames.IsCore(Protocol) ? Name : Protocol + "." + Name);

    /// <summary>True where the schema declares errors, which its methods then know.</summary>
    public bool HasErrors { get; init; }

    public EquatableArray<MethodModel> Methods { get; init; }

    /// <summary>Methods that could not be read; only in a draft.</summary>
    public EquatableArray<UnreadableMember> UnreadableMethods { get; init; }

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
