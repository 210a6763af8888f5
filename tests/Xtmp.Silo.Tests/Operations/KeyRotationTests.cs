using Microsoft.Extensions.Options;
using Xtmp.Client;

namespace Xtmp.Silo.Tests.Operations;

public sealed class KeyRotationTests
{
    [Fact]
    public async Task ticket_keys_turn_on_time_and_the_turn_is_logged()
    {
        var period = TimeSpan.FromMinutes(10);
        var time = new WallClock();
        // Periods begin at multiples of their length: a fresh one leaves the whole of it until the turn, whenever the test runs.
        time.Forward(period - TimeSpan.FromTicks(time.GetUtcNow().UtcTicks % period.Ticks));
        await using var silo = await TestSilo.StartAsync(options => options with { TicketKeyPeriod = period, TimeProvider = time });
        time.Forward(TimeSpan.FromMinutes(11));
        Assert.Contains("under a new key until", await silo.Log.WaitForAsync(line => line.StartsWith("tickets are sealed", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    /// <summary>The system's clock, set forward: timers that were to fire between do so at once.</summary>
    private sealed class WallClock : TimeProvider
    {
        private readonly Lock _lock = new();
        private readonly List<(Timer Timer, DateTimeOffset Due)> _long = [];
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(this, callback, state);
            timer.Change(dueTime, period);
            return timer;
        }

        public void Forward(TimeSpan by)
        {
            Timer[] due;
            lock (_lock)
            {
                _ahead += by;
                due = [.. _long.Where(entry => entry.Due <= GetUtcNow()).Select(entry => entry.Timer)];
                _long.RemoveAll(entry => due.Contains(entry.Timer));
            }

            foreach (var timer in due)
            {
                timer.Fire();
            }
        }

        private sealed class Timer : ITimer
        {
            private readonly WallClock _clock;
            private readonly TimerCallback _callback;
            private readonly object? _state;
            private readonly ITimer _inner;

            public Timer(WallClock clock, TimerCallback callback, object? state)
            {
                (_clock, _callback, _state) = (clock, callback, state);
                _inner = System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            public void Fire() => _callback(_state);

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                lock (_clock._lock)
                {
                    _clock._long.RemoveAll(entry => entry.Timer == this);
                    if (dueTime > TimeSpan.FromMinutes(5))
                    {
                        _clock._long.Add((this, _clock.GetUtcNow() + dueTime));
                    }
                }

                return _inner.Change(dueTime, period);
            }

            public void Dispose() => _inner.Dispose();

            public ValueTask DisposeAsync() => _inner.DisposeAsync();
        }
    }
}
