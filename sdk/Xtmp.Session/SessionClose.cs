using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>How a session ended.</summary>
/// <param name="Reason">What happened.</param>
/// <param name="Fault">Who caused it.</param>
/// <param name="Code">The matching error code, as an <see cref="XtmpException"/> would carry it.</param>
/// <param name="Text">A sentence for a log, never with secret values; text from a peer is marked as such and cut to 256 characters.</param>
/// <param name="RetryAfter">With <see cref="SessionCloseReason.Busy"/>: how long the server asked to wait.</param>
public sealed record SessionClose(SessionCloseReason Reason, Fault Fault, XtmpErrorCode Code, string Text, TimeSpan? RetryAfter = null)
{
    /// <summary>A broken rule, with the code that stands for its reason.</summary>
    internal static SessionClose Violation(SessionCloseReason reason, string text, Fault fault = Fault.Peer) =>
        new(reason, fault, CloseCodes.Of(reason), text);

    /// <summary>The same, as the exception that fails what was in flight. What ended before there was a session may be tried again.</summary>
    public XtmpException ToException() => new(Code, Fault, Text, retryable: Reason is SessionCloseReason.Busy or SessionCloseReason.HandshakeTimeout, retryAfter: RetryAfter);

    public override string ToString() => $"{Reason} ({Fault}): {PeerText.Escape(Text)}";
}
