namespace Xtmp.Protocol;

/// <summary>
/// What goes with a call beside its request. On the calling side a deadline and a token; on the handling side also the
/// caller. <c>default</c> is a call without either.
/// </summary>
public readonly record struct CallContext(CancellationToken CancellationToken = default, TimeSpan? Timeout = null, CallerInfo? Caller = null)
{
    public static implicit operator CallContext(CancellationToken cancellationToken) => new(cancellationToken);

    /// <summary>The caller, where the call came through a gateway.</summary>
    /// <exception cref="XtmpException">Code <see cref="XtmpErrorCode.AuthenticationRequired"/> when there is none.</exception>
    public CallerInfo RequireCaller() =>
        Caller ?? throw new XtmpException(XtmpErrorCode.AuthenticationRequired, Fault.Peer, "The call needs a session.");
}
