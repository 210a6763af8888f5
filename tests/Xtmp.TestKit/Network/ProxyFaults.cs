namespace Xtmp.TestKit;

/// <summary>
/// What a <see cref="FaultyProxy"/> does to what it carries. A loss is a datagram that does not come; on a connection, where
/// the system would send again, it is <see cref="RepeatTime"/> for that piece and all behind it. Probabilities are from 0 to 1.
/// </summary>
public sealed record ProxyFaults
{
    public static ProxyFaults None { get; } = new();

    public TimeSpan Delay { get; init; }

    public double Loss { get; init; }

    /// <summary>Datagrams that come twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Datagrams that come behind later ones.</summary>
    public double Reordering { get; init; }

    /// <summary>Largest piece of a connection that is handed on at once; 0: as they come.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>In each direction; 0: no limit.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>Datagrams after which a client is seen at another port, as by a NAT that forgot; 0: never.</summary>
    public int DatagramsPerPort { get; init; }

    /// <summary>How long a lost piece of a connection takes longer: the least the system's retransmission takes.</summary>
    public TimeSpan RepeatTime { get; init; } = TimeSpan.FromMilliseconds(200);
}
