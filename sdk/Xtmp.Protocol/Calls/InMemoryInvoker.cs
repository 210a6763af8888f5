using System.Runtime.CompilerServices;

namespace Xtmp.Protocol;

/// <summary>
/// Joins generated clients to handlers in the same process the way a session would: every message is validated, encoded,
/// decoded from a copy of its bytes and only then handed over. For tests and for trying a handler without a silo.
/// </summary>
public sealed class InMemoryInvoker(ICallInvoker target, DecodeLimits? limits = null) : ICallInvoker
{
    private readonly DecodeLimits _limits = limits ?? DecodeLimits.Untrusted;

    /// <summary>Bytes of every request and reply that passed, for tests that count.</summary>
    public long BytesCarried => Interlocked.Read(ref _bytesCarried);

    private long _bytesCarried;

    public async ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        context.CancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Carry(await target.InvokeAsync(method, Carry(request), context).ConfigureAwait(false));
        }
        catch (XtmpException error)
        {
            throw Carry(method, error);
        }
    }

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> =>
        CarryAll(target.StreamAsync(method, Carry(request), context), context.CancellationToken);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => target.SendAsync(method, Carry(request), context);

    private async IAsyncEnumerable<TItem> CarryAll<TItem>(IAsyncEnumerable<TItem> items, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TItem : class, IXtmpMessage<TItem>
    {
        await foreach (var item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return Carry(item);
        }
    }

    private static XtmpException Carry(MethodDescriptor method, XtmpException error) => error.EncodedDetail.IsEmpty
        ? error
        : method.ToTyped(new XtmpException(error.Code, error.Fault, error.Message, error.Field, error.Retryable, error.RetryAfter, encodedDetail: error.EncodedDetail));

    private T Carry<T>(T message)
        where T : class, IXtmpMessage<T>
    {
        message.Validate();
        var bytes = message.ToBytes();
        Interlocked.Add(ref _bytesCarried, bytes.Length);
        return XtmpCodec.Decode<T>(bytes, _limits);
    }
}
