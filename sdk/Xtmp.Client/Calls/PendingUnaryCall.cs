using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>A request whose one reply completes a task.</summary>
internal sealed class PendingUnaryCall<TReply>(MessageInfo request, DecodeLimits limits) : PendingCall
    where TReply : class, IXtmpMessage<TReply>
{
    private readonly TaskCompletionSource<TReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TReply> Task => _reply.Task;

    public override bool OnResponse(in SessionEvent response)
    {
        if (TryDecode<TReply>(in response, limits, out var reply, out var failure))
        {
            _reply.TrySetResult(reply!);
        }
        else
        {
            _reply.TrySetException(failure!);
        }

        return true;
    }

    public override bool OnItem(in SessionEvent item)
    {
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server answered {request.Name} with a stream."));
        return true;
    }

    public override void OnEnd() =>
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server ended {request.Name} without a reply."));

    public override void OnFailed(XtmpException error) => _reply.TrySetException(error);

    public override void OnClosed(SessionClose close) => _reply.TrySetException(CallFailure.FromClose(request, close));
}
