using Xtmp.Schema;

namespace Xtmp.Cli.Schema.Breaking;

/// <summary>What a schema is compared with.</summary>
/// <param name="Model">The accepted schema.</param>
/// <param name="Positions">Where its things stand.</param>
public sealed record AcceptedState(SchemaModel Model, IReadOnlyDictionary<string, SourcePosition> Positions);
