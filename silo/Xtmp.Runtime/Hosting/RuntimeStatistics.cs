namespace Xtmp.Runtime;

/// <summary>What a silo holds.</summary>
public sealed record RuntimeStatistics
{
    /// <summary>Grains in memory, by kind.</summary>
    public required IReadOnlyDictionary<string, int> Grains { get; init; }

    public required int OutboxInFlight { get; init; }

    public required int Subscriptions { get; init; }

    /// <summary>Checks of signatures that wait or run.</summary>
    public required int WaitingVerifications { get; init; }
}
