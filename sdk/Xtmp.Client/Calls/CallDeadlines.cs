using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// The deadlines of the calls of a connection under one timer. Calls of one timeout end in the order in which they came, so
/// each timeout has a line of its own, and taking a call in or out costs the same however many there are. Safe for
/// concurrent use.
/// </summary>
internal sealed class CallDeadlines : IDisposable
{
    // Programs use a few timeouts over and over; a line that nobody stands in is kept up to this many.
    private const int MaxKept = 16;

    // The platform's timers take 49.7 days at most; waking up earlier does no harm.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<TimeSpan, Line> _lines = [];
    private readonly ITimer _timer;
    private TimeSpan _armedFor = TimeSpan.MaxValue;

    public CallDeadlines(TimeProvider time)
    {
        Clock = new SessionClock(time);
        _timer = time.CreateTimer(static state => ((CallDeadlines)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The clock of a connection's calls and sessions.</summary>
    public SessionClock Clock { get; }

    private TimeSpan Now => Clock.Monotonic;

    /// <summary>Begins the call's time, and calls <see cref="PendingCall.OnDeadline"/> at its end, unless the call is removed before.</summary>
    public void Add(PendingCall call, TimeSpan timeout)
    {
        var now = Now;
        call.BegunAt = now;
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        lock (_gate)
        {
            if (!_lines.TryGetValue(timeout, out var line))
            {
                line = new Line(timeout);
                _lines.Add(timeout, line);
            }

            call.Due = now + timeout;
            line.Add(call);
            Arm(call.Due);
        }
    }

    /// <summary>The call has ended. Again does no harm. False where its deadline has come, or where it had none.</summary>
    public bool Remove(PendingCall call)
    {
        lock (_gate)
        {
            if (call.Line is not { } line)
            {
                return false;
            }

            line.Remove(call);
            if (line.First is null && _lines.Count > MaxKept)
            {
                _lines.Remove(line.Timeout);
            }

            return true;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        List<PendingCall> due = [];
        lock (_gate)
        {
            _armedFor = TimeSpan.MaxValue;
            var now = Now;
            foreach (var line in _lines.Values)
            {
                while (line.First is { } call && call.Due <= now)
                {
                    line.Remove(call);
                    due.Add(call);
                }

                if (line.First is { } next)
                {
                    Arm(next.Due);
                }
            }
        }

        foreach (var call in due)
        {
            call.OnDeadline();
        }
    }

    // A timer that goes off too early costs one look at the lines.
    private void Arm(TimeSpan due)
    {
        if (due < _armedFor)
        {
            _armedFor = due;
            var delay = due - Now;
            _timer.Change(delay < TimeSpan.Zero ? TimeSpan.Zero : delay > MaxDelay ? MaxDelay : delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Calls of one timeout, the earliest first.</summary>
    internal sealed class Line(TimeSpan timeout)
    {
        private PendingCall? _last;

        public TimeSpan Timeout { get; } = timeout;

        public PendingCall? First { get; private set; }

        public void Add(PendingCall call)
        {
            call.Line = this;
            call.Earlier = _last;
            if (_last is null)
            {
                First = call;
            }
            else
            {
                _last.Later = call;
            }

            _last = call;
        }

        public void Remove(PendingCall call)
        {
            if (call.Earlier is { } earlier)
            {
                earlier.Later = call.Later;
            }
            else
            {
                First = call.Later;
            }

            if (call.Later is { } later)
            {
                later.Earlier = call.Earlier;
            }
            else
            {
                _last = call.Earlier;
            }

            call.Line = null;
            call.Earlier = null;
            call.Later = null;
        }
    }
}
