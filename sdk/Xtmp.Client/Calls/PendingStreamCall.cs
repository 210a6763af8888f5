using System.Threading.Channels;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>A request answered by items. What waits for the reader is bounded by the credit given to the server.</summary>
internal sealed class PendingStreamCall<TItem> : PendingCall
    where TItem : class, IXtmpMessage<TItem>
{
    private readonly DecodeLimits _limits;
    private readonly Channel<(TItem Item, ulong Number)> _items = Channel.CreateUnbounded<(TItem, ulong)>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public PendingStreamCall(MethodDescriptor method, IXtmpMessage request, long order, DecodeLimits limits, ulong window)
    {
        _limits = limits;
        Begin(method, request, SendOptions.From(method.Request) with { Stream = true, InitialCredit = window }, order);
    }

    /// <summary>The session was lost; what it had brought is in the items before.</summary>
    public XtmpException? Lost { get; private set; }

    /// <summary>The next item, with its number: a gap is what was lost on the way.</summary>
    public bool TryRead(out (TItem Item, ulong Number) next) => _items.Reader.TryRead(out next);

    /// <summary>False at the end, and when the session was lost; throws what the server answered instead.</summary>
    public async ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _items.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException error) when (error.InnerException is XtmpException inner)
        {
            throw inner;
        }
    }

    public override bool OnResponse(in SessionEvent response)
    {
        OnFailed(new XtmpException(XtmpErrorCode.ProtocolViolation, Fault.Peer, $"The server answered the stream {Method} with a single reply."));
        return false;
    }

    public override bool OnItem(in SessionEvent item)
    {
        if (TryDecode<TItem>(in item, _limits, out var value, out var failure))
        {
            _items.Writer.TryWrite((value!, item.ItemNumber));
            return false;
        }

        OnFailed(failure!);
        return true;
    }

    public override void OnEnd() => _items.Writer.TryComplete();

    public override void OnFailed(XtmpException error) => _items.Writer.TryComplete(error);

    /// <summary>Whoever reads asks again, from behind the last item it has seen.</summary>
    public override bool OnSessionLost(SessionClose close)
    {
        Lost = new XtmpException(XtmpErrorCode.ConnectionLost, close.Fault, $"The connection ended while {Method} was streaming: {close.Text}", retryable: true, retryAfter: close.RetryAfter);
        _items.Writer.TryComplete();
        return false;
    }
}
