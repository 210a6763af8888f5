namespace Xtmp.Session;

/// <summary>Counters of one session, for metrics.</summary>
public readonly record struct SessionStatistics
{
    public long FramesSent { get; init; }

    public long FramesReceived { get; init; }

    public long MessagesSent { get; init; }

    public long MessagesReceived { get; init; }

    public long BytesSent { get; init; }

    public long BytesReceived { get; init; }

    public long DatagramsSent { get; init; }

    public long DatagramsReceived { get; init; }

    /// <summary>Datagrams dropped at or before tag verification, or as replays.</summary>
    public long DatagramsDropped { get; init; }

    /// <summary>Datagrams dropped because their tag is invalid; part of <see cref="DatagramsDropped"/>.</summary>
    public long DatagramsForged { get; init; }

    public long Rekeys { get; init; }
}
