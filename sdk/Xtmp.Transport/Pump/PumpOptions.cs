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
}
