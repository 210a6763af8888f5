namespace Xtmp.Protocol;

/// <summary>
/// Calls a handler object directly, without codecs or a silo. For tests; <see cref="InMemoryInvoker"/> over it carries
/// every message through its codec too.
/// </summary>
/// <param name="handler">Implements the generated interface that <paramref name="methods"/> belong to.</param>
/// <param name="methods">What it serves, such as <c>WalletMethods.All</c>.</param>
public sealed class HandlerInvoker(object handler, IReadOnlyList<MethodDescriptor> methods) : ICallInvoker
{
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => Served(method).HandleAsync(handler, request, context);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => Served(method).HandleAsync(handler, request, context);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => Served(method).HandleAsync(handler, request, context);

    private TMethod Served<TMethod>(TMethod method)
        where TMethod : MethodDescriptor =>
        methods.Contains(method) ? method : throw new XtmpException(XtmpErrorCode.NotServed, Fault.Local, $"{method} is not served here.");
}
