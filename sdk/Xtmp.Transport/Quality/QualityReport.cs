using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>The quality of one session since it was opened, as one end sees it.</summary>
public sealed record QualityReport
{
    /// <summary>Time since the session was opened.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>The latest round trip of a heartbeat or handshake; null before there was one.</summary>
    public required TimeSpan? RoundTrip { get; init; }

    /// <summary>Unary calls answered.</summary>
    public required long Calls { get; init; }

    /// <summary>Those of them that were answered with an error.</summary>
    public required long FailedCalls { get; init; }

    /// <summary>Share of calls answered with an error, 0 to 1.</summary>
    public required double ErrorRate { get; init; }

    /// <summary>Half of the calls took no longer.</summary>
    public required TimeSpan P50 { get; init; }

    public required TimeSpan P90 { get; init; }

    public required TimeSpan P99 { get; init; }

    public required TimeSpan Slowest { get; init; }

    public required double BytesSentPerSecond { get; init; }

    public required double BytesReceivedPerSecond { get; init; }

    public required double MessagesSentPerSecond { get; init; }

    public required double MessagesReceivedPerSecond { get; init; }

    /// <summary>Share of this end's datagrams that the other end's latest report misses, 0 to 1; null without datagrams.</summary>
    public required double? DatagramLoss { get; init; }

    /// <summary>What was counted.</summary>
    public required SessionStatistics Counters { get; init; }
}
