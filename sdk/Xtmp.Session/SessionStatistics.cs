namespace Xtmp.Session;

/// <summary>Counters of one session, for metrics.</summary>
public record struct SessionStatistics
{
    public long FramesSent { get; internal set; }

    public long FramesReceived { get; internal set; }

    public long MessagesSent { get; internal set; }

    public long MessagesReceived { get; internal set; }

    public long BytesSent { get; internal set; }

    public long BytesReceived { get; internal set; }

    public long DatagramsSent { get; internal set; }

    public long DatagramsReceived { get; internal set; }

    /// <summary>Datagrams dropped at or before tag verification, or as replays.</summary>
    public long DatagramsDropped { get; internal set; }

    /// <summary>Datagrams dropped because their tag is invalid; part of <see cref="DatagramsDropped"/>.</summary>
    public long DatagramsForged { get; internal set; }

    public long Rekeys { get; internal set; }
}
