using Xtmp.Protocol;

namespace Xtmp;

/// <summary>
/// An error that a schema declares: a handler throws the generated exception, and the client that called it catches the
/// same type with the same detail.
/// </summary>
/// <typeparam name="TDetail">The schema's message of kind error.</typeparam>
public abstract class XtmpException<TDetail> : XtmpException
    where TDetail : class, IXtmpMessage<TDetail>
{
    /// <exception cref="XtmpException"><see cref="XtmpErrorCode.PayloadInvalid"/>: the detail breaks a constraint of the schema.</exception>
    protected XtmpException(TDetail detail, string message, bool retryable, TimeSpan? retryAfter)
        : base((XtmpErrorCode)TDetail.MessageInfo.ErrorCode, Fault.Peer, message, field: null, retryable, retryAfter, innerException: null, Encode(detail))
    {
        Detail = detail;
    }

    /// <summary>What the schema says goes with the error.</summary>
    public TDetail Detail { get; }

    private static byte[] Encode(TDetail detail)
    {
        ArgumentNullException.ThrowIfNull(detail);
        detail.Validate();
        return detail.ToBytes();
    }
}
