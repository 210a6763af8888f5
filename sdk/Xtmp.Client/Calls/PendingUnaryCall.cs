using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>A request whose one reply completes a task.</summary>
internal sealed class PendingUnaryCall<TReply>(MethodDescriptor method, IXtmpMessage request, long order, DecodeLimits limits)
    : PendingCall(method, request, SendOptions.From(method.Request), order)
    where TReply : class, IXtmpMessage<TReply>
{
    private readonly TaskCompletionSource<TReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The reply, the error, or the end of the time given for it.</summary>
    public async ValueTask<TReply> WaitAsync(TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        try
        {
            return await _reply.Task.WaitAsync(timeout, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!_reply.Task.IsCompleted)
        {
            Abandon();
            throw !WasSent
                ? new XtmpException(XtmpErrorCode.Timeout, Fault.Network, $"{Method} was not sent: there was no session with a silo in time.", retryable: true)
                : new XtmpException(
                    Method.Request.Idempotent ? XtmpErrorCode.Timeout : XtmpErrorCode.OutcomeUnknown,
                    Fault.Network,
                    $"{Method} was not answered in time.",
                    retryable: Method.Request.Idempotent);
        }
        catch (OperationCanceledException) when (!_reply.Task.IsCompleted)
        {
            Abandon();
            throw;
        }
    }

    public override void OnResponse(in SessionEvent response)
    {
        if (TryDecode<TReply>(in response, limits, out var reply, out var failure))
        {
            _reply.TrySetResult(reply!);
        }
        else
        {
            _reply.TrySetException(failure!);
        }
    }

    public override bool OnItem(in SessionEvent item)
    {
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server answered {Method} with a stream."));
        return true;
    }

    public override void OnEnd() =>
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server ended {Method} without a reply."));

    public override void OnFailed(XtmpException error) => _reply.TrySetException(error);
}
