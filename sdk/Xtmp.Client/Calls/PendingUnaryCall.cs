using System.Threading.Tasks.Sources;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>
/// A request and the task of its one reply, which is to be awaited once. It ends with the first of reply, error, deadline
/// and cancellation.
/// </summary>
internal sealed class PendingUnaryCall<TReply>(MethodDescriptor method, IXtmpMessage request, long order, DecodeLimits limits, CallDeadlines deadlines)
    : PendingCall(method, request, SendOptions.From(method.Request), order), IValueTaskSource<TReply>
    where TReply : class, IXtmpMessage<TReply>
{
    // Continuations are the program's and run on the pool, never on a thread that reads from a session.
    private ManualResetValueTaskSourceCore<TReply> _reply = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellationToken;
    private CancellationTokenRegistration _registration;
    private int _ended;

    /// <summary>Sends the call by <paramref name="start"/>; its task ends within the time given.</summary>
    public ValueTask<TReply> RunAsync<TState>(TState state, Action<TState, PendingUnaryCall<TReply>> start, TimeSpan timeout, CancellationToken cancellationToken)
    {
        deadlines.Add(this, timeout);
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

    public override void OnResponse(in SessionEvent response)
    {
        if (!TryDecode<TReply>(in response, limits, out var reply, out var failure))
        {
            OnFailed(failure!);
        }
        else if (TryEnd())
        {
            _reply.SetResult(reply!);
        }
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

    TReply IValueTaskSource<TReply>.GetResult(short token) => _reply.GetResult(token);

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
    private bool TryEnd()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return false;
        }

        deadlines.Remove(this);
        _registration.Unregister();
        return true;
    }
}
