namespace Xtmp.Silo;

/// <summary>What the dashboard draws: one look at the silo. Rates are of the second before.</summary>
internal sealed record Snapshot
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Seconds since the start.</summary>
    public required double Uptime { get; init; }

    public required SiloPart Silo { get; init; }

    public required Point Point { get; init; }

    public required HandshakesPart Handshakes { get; init; }

    public required SessionsPart Sessions { get; init; }

    public required IReadOnlyList<MethodPart> Methods { get; init; }

    public required IReadOnlyList<ReasonPart> Refusals { get; init; }

    public required IReadOnlyList<ReasonPart> Closes { get; init; }

    public required IReadOnlyList<QueuePart> Queues { get; init; }

    public required IReadOnlyList<Runtime.GrainCount> Grains { get; init; }

    public required IReadOnlyList<BundlePart> Bundles { get; init; }

    public required IReadOnlyList<KeyPart> Keys { get; init; }

    public required IReadOnlyList<MemberPart> Cluster { get; init; }
}

/// <summary>What the charts keep of a second; times in milliseconds.</summary>
internal sealed record Point(DateTimeOffset T, double Calls, double Failures, double Refusals, double? P50, double? P90, double? P99, long Sessions, double Handshakes, double BytesIn, double BytesOut);

internal sealed record SiloPart(string Network, string Fingerprint, string Endpoint, string Name, string Version, string? Unready);

internal sealed record HandshakesPart(long Full, long Resumed);

internal sealed record SessionsPart(int Connections, int HalfOpen, long Anonymous, long Identity, long Wallet, IReadOnlyList<SessionPart> List);

internal sealed record SessionPart(string Id, string Peer, string? Client, string Level, IReadOnlyList<string> Roles, bool Resumed, double Age, long Requests, int Running, int Waiting, int Streams, long Held, double? RoundTrip, long BytesIn, long BytesOut);

internal sealed record MethodPart(string Name, double Rate, long Calls, long Failures, int Running, double? P50, double? P99);

internal sealed record ReasonPart(string Reason, long Total, double Rate);

/// <param name="Name">What waits.</param>
/// <param name="Value">How much.</param>
/// <param name="Limit">Of how much; 0: no limit of its own.</param>
/// <param name="Unit">By for bytes.</param>
internal sealed record QueuePart(string Name, long Value, long Limit, string? Unit = null);

internal sealed record BundlePart(string Status, long Entered, double Rate);

/// <param name="Name">Which key.</param>
/// <param name="Since">When it was made.</param>
/// <param name="Until">When it ends or is followed by another.</param>
/// <param name="Note">What that means.</param>
/// <param name="WarnBelow">Seconds before its end from which an operator should act.</param>
internal sealed record KeyPart(string Name, DateTimeOffset? Since, DateTimeOffset? Until, string Note, double WarnBelow = 0);

internal sealed record MemberPart(string Silo, string Name, string Status, DateTimeOffset Since, bool Self);
