using System.Threading.Tasks.Sources;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// A request and the task of its one reply, which is to be awaited once. It ends with the first of reply, error, deadline
/// and cancellation.
/// <para>
/// One that had its reply serves a later call once that was taken. A reply comes from the one session that still listed the
/// call, which thereby forgets it; so it is in no other list, and nobody else can know it but deadline and cancellation.
/// Where one of these may still come, or where the call has failed or is kept, it is not used again.
/// </para>
/// </summary>
internal sealed class PendingUnaryCall<TReply> : PendingCall, IValueTaskSource<TReply>, IThreadPoolWorkItem
    where TReply : class, IXtmpMessage<TReply>
{
    // Of a thread; the thread that takes a reply is mostly the one that makes the next call.
    private const int MaxKept = 64;

    [ThreadStatic]
    private static Stack<PendingUnaryCall<TReply>>? t_kept;

    private DecodeLimits _limits = null!;
    private CallDeadlines _deadlines = null!;
    // Continuations are the program's and run on the pool, never on a thread that reads from a session: a reply is set there.
    private ManualResetValueTaskSourceCore<TReply> _reply = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private TReply? _taken;
    private SessionPump? _expecting;
    private int _ended;
    private bool _mayServeAgain;

    /// <summary>Somebody keeps it beyond its end.</summary>
    public bool IsKept { get; set; }

    public static PendingUnaryCall<TReply> Take(MethodDescriptor method, IXtmpMessage request, long order, DecodeLimits limits, CallDeadlines deadlines)
    {
        if (t_kept is not { } kept || !kept.TryPop(out var call))
        {
            call = new PendingUnaryCall<TReply>();
        }

        call.Begin(method, request, SendOptions.From(method.Request), order);
        call._limits = limits;
        call._deadlines = deadlines;
        return call;
    }

    /// <summary>Sends the call by <paramref name="start"/>; its task ends within the time given.</summary>
    public ValueTask<TReply> RunAsync<TState>(TState state, Action<TState, PendingUnaryCall<TReply>> start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        _deadlines.Add(this, timeout);
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static call => ((PendingUnaryCall<TReply>)call!).OnCancelled(), this);
        try
        {
            start(state, this);
        }
        catch
        {
            TryEnd();
            throw;
        }

        return new(this, _reply.Version);
    }

    public override bool OnResponse(in SessionEvent response)
    {
        if (!TryDecode<TReply>(in response, _limits, out var reply, out var failure))
        {
            OnFailed(failure!);
        }
        else if (TryEnd(out var isForgotten))
        {
            _mayServeAgain = isForgotten && !IsKept;
            _taken = reply;
            return true;
        }

        return false;
    }

    public override void Deliver(SessionPump? pump)
    {
        _expecting = pump;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    /// <summary>On the pool: whoever waits goes on here, and the object may be another call afterwards.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        var (reply, expecting) = (_taken!, _expecting);
        (_taken, _expecting) = (null, null);
        expecting?.SenderBegins();
        _reply.RunContinuationsAsynchronously = false;
        _reply.SetResult(reply);
    }

    public override bool OnItem(in SessionEvent item)
    {
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server answered {Method} with a stream."));
        return true;
    }

    public override void OnEnd() =>
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server ended {Method} without a reply."));

    public override void OnFailed(XtmpException error)
    {
        if (TryEnd())
        {
            _reply.SetException(error);
        }
    }

    public override void OnDeadline()
    {
        if (!TryEnd())
        {
            return;
        }

        Abandon();
        _reply.SetException(!WasSent
            ? new XtmpException(XtmpErrorCode.Timeout, Fault.Network, $"{Method} was not sent: there was no session with a silo in time.", retryable: true)
            : new XtmpException(
                Method.Request.Idempotent ? XtmpErrorCode.Timeout : XtmpErrorCode.OutcomeUnknown,
                Fault.Network,
                $"{Method} was not answered in time.",
                retryable: Method.Request.Idempotent));
    }

    TReply IValueTaskSource<TReply>.GetResult(short token)
    {
        var reply = _reply.GetResult(token);
        if (_mayServeAgain && (t_kept ??= new(MaxKept)) is { Count: < MaxKept } kept)
        {
            // From here on a second await of the old task fails: its version has passed.
            Reset();
            _reply.Reset();
            _reply.RunContinuationsAsynchronously = true;
            _limits = null!;
            _deadlines = null!;
            _cancellationToken = default;
            _registration = default;
            _ended = 0;
            _mayServeAgain = false;
            kept.Push(this);
        }

        return reply;
    }

    ValueTaskSourceStatus IValueTaskSource<TReply>.GetStatus(short token) => _reply.GetStatus(token);

    void IValueTaskSource<TReply>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _reply.OnCompleted(continuation, state, token, flags);

    private void OnCancelled()
    {
        if (TryEnd())
        {
            Abandon();
            _reply.SetException(new OperationCanceledException(_cancellationToken));
        }
    }

    /// <summary>True for the first one to end the call.</summary>
    private bool TryEnd() => TryEnd(out _);

    /// <param name="isForgotten">Neither deadline nor cancellation is about to come to it any more.</param>
    private bool TryEnd(out bool isForgotten)
    {
        isForgotten = false;
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return false;
        }

        isForgotten = _deadlines.Remove(this) & (_registration == default || _registration.Unregister());
        return true;
    }
}
