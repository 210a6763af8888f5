using System.Threading.Channels;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>A request answered by items. What waits for the reader is bounded by the credit given to the server.</summary>
internal sealed class PendingStreamCall<TItem>(MessageInfo request, DecodeLimits limits) : PendingCall
    where TItem : class, IXtmpMessage<TItem>
{
    private readonly Channel<TItem> _items = Channel.CreateUnbounded<TItem>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public ChannelReader<TItem> Items => _items.Reader;

    public override bool OnResponse(in SessionEvent response)
    {
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server answered the stream {request.Name} with a single reply."));
        return true;
    }

    public override bool OnItem(in SessionEvent item)
    {
        if (TryDecode<TItem>(in item, limits, out var value, out var failure))
        {
            _items.Writer.TryWrite(value!);
            return false;
        }

        OnFailed(failure!);
        return true;
    }

    public override void OnEnd() => _items.Writer.TryComplete();

    public override void OnFailed(XtmpException error) => _items.Writer.TryComplete(error);

    public override void OnClosed(SessionClose close) =>
        OnFailed(new XtmpException(XtmpErrorCode.ConnectionLost, close.Fault, $"The connection ended while {request.Name} was streaming: {close.Text}", retryable: true, retryAfter: close.RetryAfter));
}
