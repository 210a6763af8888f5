namespace Xtmp.Protocol;

/// <summary>An error that a schema declares (<c>kind: error</c>): joins its code to the exception that carries its detail.</summary>
public abstract class ErrorDescriptor
{
    private protected ErrorDescriptor(MessageInfo info) => Info = info;

    public MessageInfo Info { get; }

    /// <summary>The error code, 1000 to 65535, unique within its schema.</summary>
    public ushort Code => Info.ErrorCode;

    /// <summary>The same error as the schema's exception; null where the detail cannot be read.</summary>
    internal abstract XtmpException? Read(XtmpException error);
}

/// <inheritdoc/>
/// <param name="make">Makes the generated exception of a detail, text, whether a repeat can succeed, and when.</param>
public sealed class ErrorDescriptor<TDetail>(Func<TDetail, string, bool, TimeSpan?, XtmpException<TDetail>> make) : ErrorDescriptor(TDetail.MessageInfo)
    where TDetail : class, IXtmpMessage<TDetail>
{
    internal override XtmpException? Read(XtmpException error) =>
        XtmpCodec.TryDecodeExactly<TDetail>(error.EncodedDetail.Span, DecodeLimits.Untrusted, out var detail, out _) == DecodeStatus.Ok
            ? make(detail!, error.Message, error.Retryable, error.RetryAfter)
            : null;
}
