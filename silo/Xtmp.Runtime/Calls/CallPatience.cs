using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>
/// How long a caller waits: until its deadline or until it gives up, whichever comes first. It then has its answer at once,
/// and the turn hears of it. Made only for calls that do not end at once.
/// </summary>
internal sealed class CallPatience : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationToken _caller;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _registration;
    private readonly ITimer? _deadline;
    private CancellationTokenSource? _remote;

    public CallPatience(TimeProvider time, TimeSpan timeout, CancellationToken caller)
    {
        _time = time;
        _caller = caller;
        _registration = caller.UnsafeRegister(static state => ((CallPatience)state!).End(), this);
        _deadline = timeout == Timeout.InfiniteTimeSpan ? null : time.CreateTimer(static state => ((CallPatience)state!).End(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The deadline has passed, or the caller gave up.</summary>
    public bool IsOver => _over.Task.IsCompleted;

    /// <summary>Cancelled when the patience is over: for a call that leaves the silo.</summary>
    public CancellationToken RemoteToken
    {
        get
        {
            // Whoever comes second, this or the end, sees the other.
            if (_remote is null)
            {
                Interlocked.Exchange(ref _remote, new CancellationTokenSource());
            }

            if (_over.Task.IsCompleted)
            {
                _remote.Cancel();
            }

            return _remote.Token;
        }
    }

    public static XtmpException TimedOut(string kind) =>
        new(XtmpErrorCode.Timeout, Fault.Peer, $"The {kind} did not answer in time; what the call changes may still happen.", retryable: true);

    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<XtmpReply> WaitAsync(XtmpCall call, ValueTask<XtmpReply> pending)
    {
        if (pending.IsCompleted)
        {
            return await pending.ConfigureAwait(false);
        }

        var running = pending.AsTask();
        var first = await Task.WhenAny(running, _over.Task).ConfigureAwait(false);
        return first == running && !(running.IsCanceled && _over.Task.IsCompleted) ? await running.ConfigureAwait(false) : GiveUp(call);
    }

    /// <summary>Waits a while before the next look for the grain.</summary>
    public async ValueTask PauseAsync(XtmpCall call, TimeSpan pause)
    {
        // Real time: the grain's successor is made in real time, whatever clock grains have.
        if (await Task.WhenAny(Task.Delay(pause), _over.Task).ConfigureAwait(false) == _over.Task)
        {
            GiveUp(call);
        }
    }

    public void Dispose()
    {
        // The deadline may be on its way at this moment, on a thread where nothing may be thrown. So the source of the remote token
        // is left to the collector: it has no timer and nothing else that needs an end.
        _registration.Unregister();
        _deadline?.Dispose();
    }

    private void End()
    {
        _over.TrySetResult();
        Volatile.Read(ref _remote)?.Cancel();
    }

    /// <summary>What the caller hears, who waits no longer.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public XtmpReply GiveUp(XtmpCall call)
    {
        call.Turn?.Cancel();
        _caller.ThrowIfCancellationRequested();
        return XtmpReply.Of(TimedOut(call.Method?.Handler ?? "grain"));
    }
}
