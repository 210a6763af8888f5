using Xtmp.Transport;

namespace Xtmp.Gateway;

/// <summary>Counts what was dropped and says once a minute that it should be logged. Safe for concurrent use.</summary>
internal sealed class DropLog(SessionClock clock)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private TimeSpan? _last;
    private long _count;

    /// <summary>One more.</summary>
    /// <param name="count">With true: how many since the last line, this one included.</param>
    public bool Add(out long count)
    {
        lock (_gate)
        {
            count = ++_count;
            var now = clock.Monotonic;
            if (_last is { } last && now - last < s_interval)
            {
                return false;
            }

            _last = now;
            _count = 0;
            return true;
        }
    }
}
