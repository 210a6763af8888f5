using Xtmp.Protocol;

namespace Xtmp;

/// <summary>
/// The one exception type at the public edge: what went wrong (<see cref="Code"/>), who is at fault, which field
/// if one is, and whether the same call may be tried again.
/// </summary>
public class XtmpException : Exception
{
    /// <summary>Message and field may hold what a peer wrote: they are escaped (<see cref="PeerText"/>).</summary>
    public XtmpException(XtmpErrorCode code, Fault fault, string message, string? field = null, bool retryable = false,
        TimeSpan? retryAfter = null, Exception? innerException = null, ReadOnlyMemory<byte> encodedDetail = default)
        : base(PeerText.Escape(message), innerException)
    {
        EncodedDetail = encodedDetail;
        Code = code;
        Fault = fault;
        Field = field is null ? null : PeerText.Escape(field);
        Retryable = retryable;
        RetryAfter = retryAfter;
    }

    public XtmpErrorCode Code { get; }

    public Fault Fault { get; }

    /// <summary>The schema field the error is about, as a dotted path, or null.</summary>
    public string? Field { get; }

    /// <summary>True where repeating the same call later can succeed.</summary>
    public bool Retryable { get; }

    /// <summary>How long to wait before the next try, where the peer said so.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>
    /// The message that a schema declares for this code (<c>kind: error</c>), encoded; empty where there is none. Where the
    /// schema is known the exception is its <see cref="XtmpException{TDetail}"/>.
    /// </summary>
    public ReadOnlyMemory<byte> EncodedDetail { get; }

    /// <summary>Code, fault, field and whether a repeat can succeed, before what every exception shows.</summary>
    public override string ToString()
    {
        var field = Field is null ? "" : $", field {Field}";
        return $"[{Code} ({(int)Code}), fault {Fault}{field}{(Retryable ? ", retryable" : "")}] {base.ToString()}";
    }
}
