namespace Xtmp.Schema;

/// <summary>A group of methods served by one grain kind.</summary>
public sealed record HandlerModel
{
    /// <summary>For example <c>Wallet</c>: IWalletHandler, WalletClient, WalletMethods.</summary>
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public string Doc { get; init; } = "";

    public EquatableArray<MethodModel> Methods { get; init; }

    public int Since { get; init; } = 1;

    public DeprecationModel? Deprecated { get; init; }
}
