using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>
/// How much a store keeps. Beyond it commits are refused with <see cref="XtmpErrorCode.StorageFull"/>; what is there can
/// still be read, and what is on its way can still be settled.
/// </summary>
public sealed record StoreLimits
{
    /// <summary>Bytes the store takes on its disk, or in memory; 0: no limit.</summary>
    public long MaxBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>
    /// The last of <see cref="MaxBytes"/>, kept for what settles: deliveries of an outbox, what follows from them, reminders.
    /// Its first half is also open to grains that only change the state they have. At most half of <see cref="MaxBytes"/> is
    /// kept, however small that is.
    /// </summary>
    public long ReservedBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Grains with anything stored; 0: no limit. What settles may make more.</summary>
    public long MaxGrains { get; init; } = 100_000_000;

    /// <exception cref="ArgumentOutOfRangeException">A limit is negative.</exception>
    internal void Require()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(ReservedBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxGrains);
    }
}
