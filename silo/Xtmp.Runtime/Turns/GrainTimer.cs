namespace Xtmp.Runtime;

/// <summary>A timer whose callback is a turn. A firing that finds the last one still waiting is skipped.</summary>
internal sealed class GrainTimer(Activation activation, TurnServices services, Func<ValueTask> callback, TimeSpan due, TimeSpan? period) : IDisposable
{
    private ITimer? _timer;
    private int _waiting;
    private volatile bool _isDisposed;

    public bool IsDisposed => _isDisposed;

    public void Start()
    {
        if (due == TimeSpan.Zero && period is null)
        {
            // No clock is needed, and it counts as activity from within the turn that starts it.
            Fire();
            return;
        }

        // Created without a due time first: a clock that fires at once must find the field set.
        _timer = services.Time.CreateTimer(static state => ((GrainTimer)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(due, period ?? Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _timer?.Dispose();
    }

    private void Fire()
    {
        if (_isDisposed || Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            return;
        }

        _isDisposed = period is null;

        // Active before the clock's callback returns: who moves the clock and waits for quiet misses nothing.
        services.Activity.Add();
        ThreadPool.UnsafeQueueUserWorkItem(static timer => _ = timer.RunAsync(), this, preferLocal: false);
    }

    private async Task RunAsync()
    {
        try
        {
            await activation.RunInternalAsync(() =>
            {
                Volatile.Write(ref _waiting, 0);
                return callback();
            }).ConfigureAwait(false);
        }
        finally
        {
            services.Activity.Remove();
        }
    }
}
