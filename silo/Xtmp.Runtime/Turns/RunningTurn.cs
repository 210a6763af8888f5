namespace Xtmp.Runtime;

/// <summary>The turn that runs in an activation, and the token of its code. Who cancels may come when it has just ended.</summary>
internal sealed class RunningTurn
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _source = new();
    private Turn? _turn;
    private bool _isSpoiled;

    /// <summary>Null between turns.</summary>
    public Turn? Turn => Volatile.Read(ref _turn);

    /// <summary>Of the running turn.</summary>
    public CancellationToken Token => _source.Token;

    public void Begin(Turn turn)
    {
        lock (_lock)
        {
            if (_isSpoiled || !_source.TryReset())
            {
                _source = new CancellationTokenSource();
                _isSpoiled = false;
            }

            _turn = turn;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _turn = null;
        }
    }

    /// <summary>Asks the grain's code to stop: where <paramref name="turn"/> is the one running, or whichever is.</summary>
    /// <exception cref="AggregateException">What the grain's code registered with its token failed.</exception>
    public void Cancel(Turn? turn)
    {
        CancellationTokenSource? source = null;
        lock (_lock)
        {
            if (_turn is not null && (turn is null || ReferenceEquals(_turn, turn)))
            {
                // Cancelled outside the lock, perhaps after the turn: the source must not serve another one.
                source = _source;
                _isSpoiled = true;
            }
        }

        source?.Cancel();
    }
}
