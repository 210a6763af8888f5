namespace Xtmp;

/// <summary>What carries the messages of a connection (SPEC §3).</summary>
public enum ConnectionType
{
    /// <summary>
    /// TCP, and datagrams beside it for messages whose schema says <c>transport: fast</c>, where the silo offers them and the
    /// path answers within 3 s.
    /// </summary>
    TcpUdpHybrid = 0,

    /// <summary>TCP alone.</summary>
    TcpReliable = 1,

    /// <summary>As <see cref="TcpUdpHybrid"/>, and every one-way message of this client goes by datagram where it fits one, whatever its schema says.</summary>
    UdpFast = 2,

    /// <summary>
    /// As <see cref="TcpUdpHybrid"/>, and a WebSocket in place of TCP where that cannot connect: at the <c>ws</c> and
    /// <c>wss</c> endpoints given, or with none at <c>ws://host:7780/xtmp</c> of each host.
    /// </summary>
    WebSocketFallback = 3,
}
