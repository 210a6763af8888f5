using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>An Error message of the peer (SPEC §4).</summary>
public sealed record RemoteError(XtmpErrorCode Code, string Text, string? Field, bool Retryable, TimeSpan? RetryAfter)
{
    /// <summary>Of an error that a schema declares: its message, encoded.</summary>
    public ReadOnlyMemory<byte> Detail { get; init; }

    /// <summary>The same, as the exception the caller of the request gets.</summary>
    public XtmpException ToException() => new(Code, Fault.Peer, Text, Field, Retryable, RetryAfter, encodedDetail: Detail);
}
