namespace Xtmp.Session;

/// <summary>
/// Every bound of a session. The defaults are meant for untrusted peers. Those marked "announced" are told to the peer
/// in the handshake, which must keep to them; the others act on this end only.
/// </summary>
public sealed record SessionLimits
{
    public static SessionLimits Default { get; } = new();

    /// <summary>Largest message after reassembly and decompression, in bytes. Announced.</summary>
    public int MaxMessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Largest total of messages under reassembly at one time, in bytes.</summary>
    public int MaxReassemblyBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Largest number of messages under reassembly at one time, per transport.</summary>
    public int MaxReassemblies { get; init; } = 16;

    /// <summary>A message that is not whole so long after its first part (UDP) is dropped; one whose next part takes longer (TCP) closes the session.</summary>
    public TimeSpan ReassemblyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests of the peer that may be unanswered at one time. Announced; one more is answered with Overloaded.</summary>
    public int MaxConcurrentRequests { get; init; } = 4096;

    /// <summary>Stream items the peer may send on a new stream before the first Credit message. Announced.</summary>
    public int InitialStreamCredit { get; init; } = 64;

    /// <summary>Bytes queued for sending, over which a send throws <see cref="XtmpErrorCode.Overloaded"/>.</summary>
    public long MaxSendQueueBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes queued from which <see cref="XtmpSession.IsSendQueueFull"/> asks senders to wait.</summary>
    public long SendQueueHighWater { get; init; } = 1024 * 1024;

    /// <summary>Datagrams under the right key id whose tag is invalid, after which UDP is given up for this session.</summary>
    public int MaxFailedDatagrams { get; init; } = 65_536;

    /// <summary>Handshakes that take longer are closed.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A session in which neither end sent or received an application message for this long is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>A session that heard nothing at all from its peer for this long is closed; heartbeats keep it open.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>A heartbeat is sent after this long without one; it also measures the round trip.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Keys are renewed this long after the last renewal; at least one second.</summary>
    public TimeSpan RekeyInterval { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>16-byte blocks under one key after which keys are renewed (SPEC §2: 2^33).</summary>
    public ulong RekeyAfterBlocks { get; init; } = 1UL << 33;

    /// <summary>16-byte blocks under one key after which the session stops and closes (SPEC §2: 2^34.5).</summary>
    public ulong MaxBlocksPerKey { get; init; } = 24_296_004_000;
}
