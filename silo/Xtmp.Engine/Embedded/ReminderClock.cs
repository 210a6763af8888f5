using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// Fires durable reminders: one timer, set to the earliest that the store knows or a commit has told of, and never longer
/// than the poll interval, since another silo may have set one.
/// </summary>
internal sealed class ReminderClock
{
    private const int PageSize = 256;

    // A reminder whose turn fails is due at once again; this keeps it from running in circles.
    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly EmbeddedEngine _engine;
    private ITimer? _timer;
    private DateTimeOffset _wakes = DateTimeOffset.MaxValue;
    private bool _running;
    private bool _again;
    private bool _stopped;

    public ReminderClock(EmbeddedEngine engine)
    {
        _engine = engine;
        Active = new ActivityCounter(engine.Activity);
    }

    /// <summary>Not zero while due reminders are being run.</summary>
    public ActivityCounter Active { get; }

    public Task StartAsync()
    {
        _timer = _engine.TimeProvider.CreateTimer(static state => ((ReminderClock)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Wake();
        return Task.CompletedTask;
    }

    /// <summary>A commit has set a reminder.</summary>
    public void Scheduled(DateTimeOffset due)
    {
        lock (_lock)
        {
            if (due < _wakes)
            {
                Arm(due);
            }
        }
    }

    public Task StopAsync()
    {
        Abandon();
        return Active.WhenZeroAsync();
    }

    public void Abandon()
    {
        lock (_lock)
        {
            _stopped = true;
            _timer?.Dispose();
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            if (_running)
            {
                _again = true;
                return;
            }

            _running = true;
            _wakes = DateTimeOffset.MaxValue;
        }

        Active.Add();
        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        var next = _engine.TimeProvider.GetUtcNow() + _engine.Options.ReminderPoll;
        try
        {
            var failed = await FireDueAsync().ConfigureAwait(false);
            if (await _engine.StoreCall(static (store, _) => store.ReadNextReminderAsync(), 0, grain: null).ConfigureAwait(false) is { } stored && stored < next)
            {
                next = stored;
            }

            var earliest = _engine.TimeProvider.GetUtcNow() + RetryAfterFailure;
            next = failed && next < earliest ? earliest : next;
        }
        catch (XtmpException)
        {
            // The store's failure has been reported; the next poll looks again.
        }
        catch (Exception error)
        {
            _engine.Report(null, "Reminders could not be run.", error);
        }
        finally
        {
            bool again;
            lock (_lock)
            {
                _running = false;
                again = _again;
                _again = false;
                if (!again && next < _wakes)
                {
                    Arm(next);
                }
            }

            if (again)
            {
                Wake();
            }

            Active.Remove();
        }
    }

    /// <summary>Runs everything that is due; true when some of it failed.</summary>
    private async Task<bool> FireDueAsync()
    {
        while (true)
        {
            var due = await _engine.StoreCall(static (store, now) => store.ReadDueRemindersAsync(now, PageSize), _engine.TimeProvider.GetUtcNow(), grain: null).ConfigureAwait(false);
            var failed = 0;
            await Task.WhenAll(due.Select(async reminder =>
            {
                try
                {
                    await _engine.RunAsync(new ReminderTurn(_engine, reminder)).ConfigureAwait(false);
                }
                catch (XtmpException)
                {
                    Interlocked.Increment(ref failed);
                }
            })).ConfigureAwait(false);
            if (failed > 0 || due.Count < PageSize)
            {
                return failed > 0;
            }
        }
    }

    // Under the lock.
    private void Arm(DateTimeOffset due)
    {
        if (_stopped || _timer is null)
        {
            return;
        }

        _wakes = due;
        var wait = due - _engine.TimeProvider.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
            return;
        }

        // Due already. It counts as activity from now on, which a timer on its way to the pool would not.
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Active.Add();
        ThreadPool.UnsafeQueueUserWorkItem(
            static clock =>
            {
                clock.Wake();
                clock.Active.Remove();
            },
            this,
            preferLocal: false);
    }
}
