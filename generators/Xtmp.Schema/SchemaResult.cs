namespace Xtmp.Schema;

/// <summary>What reading a schema file gave.</summary>
public sealed class SchemaResult
{
    internal SchemaResult(SchemaModel? model, IReadOnlyList<SchemaDiagnostic> diagnostics, IReadOnlyDictionary<string, SourcePosition> positions, SchemaModel? draft)
    {
        Model = model;
        Draft = draft;
        Diagnostics = diagnostics;
        Positions = positions;
    }

    /// <summary>The model, or null when there is an error.</summary>
    public SchemaModel? Model { get; }

    /// <summary>
    /// What could be read of a file with errors, or null when nothing could. It is unchecked: names may come twice, types may
    /// not exist, limits may not fit. For tools that would rather show something than nothing.
    /// </summary>
    public SchemaModel? Draft { get; }

    /// <summary>In order of their positions.</summary>
    public IReadOnlyList<SchemaDiagnostic> Diagnostics { get; }

    /// <summary>
    /// Where things stand, by path: <c>messages.WalletTransaction</c>, <c>messages.WalletTransaction.amount</c>,
    /// <c>enums.BundleStatusCode.received</c>, <c>handlers.Wallet.Transaction</c>. For tools that speak of a model.
    /// </summary>
    public IReadOnlyDictionary<string, SourcePosition> Positions { get; }
}
