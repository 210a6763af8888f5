using Xtmp.Protocol;
using Xtmp.Runtime.Wire;

namespace Xtmp.Runtime;

/// <summary>
/// What became of a call: a reply, a refusal, or the news that the activation goes and the call was not executed. A refusal
/// is a value: it crosses silos whole and costs no exception on the way.
/// </summary>
internal readonly struct XtmpReply
{
    private static readonly object MovedMark = new();

    // A message, its bytes from another silo, an XtmpException, the mark, or null where a one-way call was accepted.
    private readonly object? _value;

    private XtmpReply(object? value) => _value = value;

    public static XtmpReply Moved { get; } = new(MovedMark);

    public static XtmpReply Accepted { get; }

    public bool IsMoved => ReferenceEquals(_value, MovedMark);

    public XtmpException? Error => _value as XtmpException;

    public static XtmpReply Of(IXtmpMessage? message) => new(message);

    public static XtmpReply Of(XtmpException error) => new(error);

    /// <summary>The reply.</summary>
    /// <exception cref="XtmpException">The refusal.</exception>
    public TReply Take<TReply>(MethodDescriptor method)
        where TReply : class, IXtmpMessage<TReply>
    {
        ThrowIfRefused(method);
        return _value as TReply ?? XtmpCodec.Decode<TReply>((byte[])_value!, StoredLimits.Value);
    }

    /// <exception cref="XtmpException">The refusal, as an exception of its own: one object is thrown to one caller.</exception>
    public void ThrowIfRefused(MethodDescriptor method)
    {
        if (Error is { } error)
        {
            throw method.ToTyped(new XtmpException(error.Code, error.Fault, error.Message, error.Field, error.Retryable, error.RetryAfter, encodedDetail: error.EncodedDetail));
        }
    }

    public static XtmpReply FromBytes(byte[] bytes)
    {
        var reply = XtmpCodec.Decode<RemoteReply>(bytes, StoredLimits.Value);
        return reply.Moved ? Moved
            : reply.Error is { } error ? Of(new XtmpException((XtmpErrorCode)error.Code, (Fault)error.Fault, error.Text, error.Field, error.Retryable, error.RetryAfter, encodedDetail: error.Detail ?? default))
            : new(reply.Reply?.ToArray());
    }

    public byte[] ToBytes()
    {
        var bytes = _value switch
        {
            IXtmpMessage message => message.ToBytes(),
            byte[] payload => payload,
            _ => null,
        };
        return new RemoteReply
        {
            Moved = IsMoved,
            Error = Error is not { } error ? null : new RemoteError
            {
                Code = (ushort)error.Code,
                Fault = (byte)error.Fault,
                Text = error.Message,
                Field = error.Field,
                Retryable = error.Retryable,
                RetryAfter = error.RetryAfter,
                Detail = error.EncodedDetail.IsEmpty ? default(ReadOnlyMemory<byte>?) : error.EncodedDetail,
            },
            Reply = bytes is null ? default(ReadOnlyMemory<byte>?) : bytes,
        }.ToBytes();
    }
}
