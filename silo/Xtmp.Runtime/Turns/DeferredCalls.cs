namespace Xtmp.Runtime;

/// <summary>The calls of one activation that wait for the reply of a later turn.</summary>
internal sealed class DeferredCalls
{
    private readonly Lock _lock = new();
    private HashSet<DeferredReply>? _waiting;
    private bool _isClosed;

    public bool IsAwaited
    {
        get
        {
            lock (_lock)
            {
                return _waiting is { Count: > 0 };
            }
        }
    }

    /// <param name="turn">The turn of the call, which is committed.</param>
    /// <param name="deferred">Its reply.</param>
    /// <param name="isCounted">The call is counted as activity of this silo.</param>
    public async ValueTask<XtmpReply> WaitAsync(Turn turn, DeferredReply deferred, bool isCounted)
    {
        bool isClosed;
        lock (_lock)
        {
            (_waiting ??= []).Add(deferred);
            isClosed = _isClosed;
        }

        // Looked at after it is known: who gives up in between finds it, or is found here.
        Interlocked.MemoryBarrier();
        if (turn.IsCancelled || isClosed)
        {
            deferred.Release(turn.IsCancelled ? XtmpReply.Of(Turn.GaveUp()) : XtmpReply.Moved);
        }

        try
        {
            return await deferred.WaitAsync(isCounted).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(deferred);
            }
        }
    }

    /// <summary>The activation goes: its successor is asked again.</summary>
    public void Move()
    {
        DeferredReply[] waiting;
        lock (_lock)
        {
            _isClosed = true;
            waiting = [.. _waiting ?? []];
        }

        foreach (var deferred in waiting)
        {
            deferred.Release(XtmpReply.Moved);
        }
    }
}
