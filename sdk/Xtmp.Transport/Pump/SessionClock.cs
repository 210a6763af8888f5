using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>Reads a <see cref="TimeProvider"/> as the instants a session takes.</summary>
public sealed class SessionClock(TimeProvider timeProvider)
{
    private readonly long _origin = timeProvider.GetTimestamp();

    public TimeProvider TimeProvider { get; } = timeProvider;

    public Instant Now => new(Monotonic, TimeProvider.GetUtcNow());

    public TimeSpan Monotonic => TimeProvider.GetElapsedTime(_origin);
}
