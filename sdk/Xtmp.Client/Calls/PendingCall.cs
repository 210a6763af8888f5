using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>An exchange this client waits for. Called while the pump holds the session: quick, and never waiting.</summary>
internal abstract class PendingCall
{
    /// <summary>Takes a response. True when the exchange is over.</summary>
    public abstract bool OnResponse(in SessionEvent response);

    public abstract bool OnItem(in SessionEvent item);

    public abstract void OnEnd();

    public abstract void OnFailed(XtmpException error);

    /// <summary>The session ended before the answer came.</summary>
    public abstract void OnClosed(SessionClose close);

    private protected static bool TryDecode<T>(in SessionEvent message, DecodeLimits limits, out T? value, out XtmpException? failure)
        where T : class, IXtmpMessage<T>
    {
        var payload = message.Payload.Span;
        var status = T.TryDecode(payload, limits, out value, out var consumed, out var error);
        if (status == DecodeStatus.Ok && !PayloadPadding.IsValid(payload, consumed))
        {
            error = new DecodeError(DecodeStatus.TrailingBytes, consumed, null);
            status = error.Status;
        }

        failure = status == DecodeStatus.Ok
            ? null
            : new XtmpException(XtmpErrorCode.PayloadMalformed, Fault.Peer, $"The server's {T.MessageInfo.Name} cannot be read: {error}.", error.Field);
        return failure is null;
    }
}
