namespace Cluster;

/// <summary>The cluster at one moment.</summary>
/// <param name="Seconds">Since the wallets began to pay.</param>
/// <param name="Silos">Each silo.</param>
/// <param name="Transfers">Transfers acknowledged.</param>
/// <param name="PerSecond">Of the last second.</param>
/// <param name="LongestMs">The longest transfer of the last second, from its first try to its answer.</param>
/// <param name="Repeated">Transfers that a wallet had to send again, since their outcome was not known.</param>
/// <param name="Event">What happened in the last second, or null.</param>
internal sealed record Snapshot(double Seconds, IReadOnlyList<SiloRow> Silos, long Transfers, double PerSecond, double LongestMs, long Repeated, string? Event);

/// <summary>One silo at that moment.</summary>
/// <param name="Number">1, 2, 3.</param>
/// <param name="State">What it is doing.</param>
/// <param name="ProcessId">Null where it does not run.</param>
/// <param name="Port">Where its clients come.</param>
/// <param name="Grains">Grains in memory.</param>
/// <param name="TurnsPerSecond">Of the last second.</param>
/// <param name="DirectShare">How many of its calls found their grain in it, 0 to 1; null where it made none.</param>
internal sealed record SiloRow(int Number, string State, int? ProcessId, int Port, double Grains, double TurnsPerSecond, double? DirectShare);
