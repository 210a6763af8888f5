using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <content>What the session holds for its peer: reading stops while too much waits to be sent, and all of it counts in the budget of the process.</content>
public sealed partial class SessionPump
{
    /// <summary>Ends the session, which holds too much. What it holds is as good as gone, and counts no more.</summary>
    internal void Shed()
    {
        Abort(XtmpErrorCode.SlowConsumer, "The silo is short of memory, and this session held most of what waits for peers.", Fault.Peer);
        lock (_gate)
        {
            StopCounting();
        }
    }

    private void StopCounting()
    {
        _budget?.Change(-_counted);
        _budget?.Leave(this);
        _budget = null;
        Interlocked.Exchange(ref _counted, 0);
    }

    /// <summary>Null where the peer may be read from now; otherwise when it may be.</summary>
    private Task? RoomToRead()
    {
        lock (_gate)
        {
            if (!_options.StopsReadingWhenFull || !_session.IsSendQueueFull || _session.State != SessionState.Established || Volatile.Read(ref _writer) == Finished)
            {
                return null;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    private void GiveRoom()
    {
        var isFull = _session.IsSendQueueFull && _session.State == SessionState.Established;
        if (!isFull)
        {
            _room?.TrySetResult();
            _room = null;
            if (_wasFull)
            {
                _observer.OnRoom(_session);
                DrainEvents();
                Count();
            }
        }

        _wasFull = isFull;
    }

    private void Count()
    {
        _wasFull |= _session.IsSendQueueFull;
        if (_budget is { } budget)
        {
            var held = _session.HeldBytes + _waiting;
            if (held != _counted)
            {
                budget.Change(held - _counted);
                Interlocked.Exchange(ref _counted, held);
            }
        }
    }
}
