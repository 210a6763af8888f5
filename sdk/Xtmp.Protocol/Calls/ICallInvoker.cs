namespace Xtmp.Protocol;

/// <summary>
/// What a generated client calls through: a session, the grains of a silo, or a handler in memory.
/// Errors of the far end arrive as <see cref="XtmpException"/>.
/// </summary>
public interface ICallInvoker
{
    ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>;

    IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>;

    ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>;
}
