namespace Xtmp.Transport;

/// <summary>Limits of a pump.</summary>
public sealed record PumpOptions
{
    public static PumpOptions Default { get; } = new();

    /// <summary>
    /// A peer that takes none of the bytes written to it for this long is cut off, so that a half-open or unwilling
    /// peer does not hold buffers.
    /// </summary>
    public TimeSpan WriteStallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Stop reading from a peer while the session's send queue is over <see cref="Session.SessionLimits.SendQueueHighWater"/>.
    /// For servers: where both ends did it, two full queues would wait for each other.
    /// </summary>
    public bool StopsReadingWhenFull { get; init; }

    /// <summary>What this session shares with the others of its process; null: nothing is counted.</summary>
    public MemoryBudget? Budget { get; init; }
}
