namespace Xtmp.Engine;

/// <summary>Lets idle grains go: on a timer, and at once when the engine holds as many as it may.</summary>
internal sealed class ActivationCollector : IDisposable
{
    // One sweep for room frees this share, so that the next calls need none.
    private const double ShareFreed = 0.05;

    private readonly EmbeddedEngine _engine;
    private ITimer? _timer;
    private int _sweeping;

    public ActivationCollector(EmbeddedEngine engine)
    {
        _engine = engine;
    }

    public void Start()
    {
        var period = _engine.Options.IdleTimeout / 4;
        period = period < TimeSpan.FromMilliseconds(100) ? TimeSpan.FromMilliseconds(100) : period;
        _timer = _engine.TimeProvider.CreateTimer(static state => ((ActivationCollector)state!).Sweep(), this, period, period);
    }

    /// <summary>Lets go of idle grains, however short they have been idle; false when none could be.</summary>
    public bool MakeRoom()
    {
        if (Interlocked.Exchange(ref _sweeping, 1) != 0)
        {
            return false;
        }

        try
        {
            var now = _engine.TimeProvider.GetTimestamp();
            var wanted = Math.Max(1, (int)(_engine.Options.MaxActivations * ShareFreed));
            foreach (var activation in _engine.EnumerateActivations())
            {
                if (activation.TryClose(now, TimeSpan.Zero) && --wanted == 0)
                {
                    break;
                }
            }

            return _engine.ActivationCount < _engine.Options.MaxActivations;
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _sweeping, 1) != 0)
        {
            return;
        }

        try
        {
            var now = _engine.TimeProvider.GetTimestamp();
            foreach (var activation in _engine.EnumerateActivations())
            {
                activation.TryClose(now, activation.IdleTimeout ?? _engine.Options.IdleTimeout);
            }
        }
        finally
        {
            Volatile.Write(ref _sweeping, 0);
        }
    }
}
