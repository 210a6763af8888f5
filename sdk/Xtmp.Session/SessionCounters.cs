namespace Xtmp.Session;

/// <summary>The counters behind <see cref="SessionStatistics"/>.</summary>
internal struct SessionCounters
{
    public long FramesSent;
    public long FramesReceived;
    public long MessagesSent;
    public long MessagesReceived;
    public long BytesSent;
    public long BytesReceived;
    public long DatagramsSent;
    public long DatagramsReceived;
    public long DatagramsDropped;
    public long DatagramsForged;
    public long Rekeys;

    public readonly SessionStatistics Snapshot() => new()
    {
        FramesSent = FramesSent,
        FramesReceived = FramesReceived,
        MessagesSent = MessagesSent,
        MessagesReceived = MessagesReceived,
        BytesSent = BytesSent,
        BytesReceived = BytesReceived,
        DatagramsSent = DatagramsSent,
        DatagramsReceived = DatagramsReceived,
        DatagramsDropped = DatagramsDropped,
        DatagramsForged = DatagramsForged,
        Rekeys = Rekeys,
    };
}
