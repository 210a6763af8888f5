using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>What the end of a session means for a call that was under way.</summary>
internal static class CallFailure
{
    /// <summary>
    /// A request that is safe to repeat failed with the connection; of any other nobody can say whether it was carried
    /// out, and the caller must not be told otherwise (WIRE section 4).
    /// </summary>
    public static XtmpException FromClose(MessageInfo request, SessionClose close) =>
        request.Idempotent
            ? new XtmpException(XtmpErrorCode.ConnectionLost, close.Fault, $"The connection ended before {request.Name} was answered: {close.Text} It is safe to repeat.", retryable: true, retryAfter: close.RetryAfter)
            : new XtmpException(XtmpErrorCode.OutcomeUnknown, close.Fault, $"The connection ended before {request.Name} was answered: {close.Text} Whether it was carried out is unknown.");
}
