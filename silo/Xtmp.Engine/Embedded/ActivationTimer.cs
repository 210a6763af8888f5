namespace Xtmp.Engine;

/// <summary>A timer whose callback is a turn. A firing that finds the last one still waiting is skipped.</summary>
internal sealed class ActivationTimer(EmbeddedEngine engine, Activation activation, Func<ValueTask> callback, TimeSpan due, TimeSpan? period) : IDisposable
{
    private ITimer? _timer;
    private int _waiting;
    private volatile bool _disposed;

    public bool IsDisposed => _disposed;

    public void Start()
    {
        // Created without a due time first: a clock that fires at once must find the field set.
        _timer = engine.TimeProvider.CreateTimer(static state => ((ActivationTimer)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(due, period ?? Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _disposed = true;
        _timer?.Dispose();
    }

    private void Fire()
    {
        if (_disposed || Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            return;
        }

        if (period is null)
        {
            _disposed = true;
        }

        engine.RunTimer(activation, new TimerTurn(engine, activation.Id, RunAsync));
    }

    private ValueTask RunAsync()
    {
        Volatile.Write(ref _waiting, 0);
        return callback();
    }
}
