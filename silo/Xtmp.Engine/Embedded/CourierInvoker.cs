using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// Gives a stored message back its types: the descriptor knows them, and calls the invoker it is handed. One is made for
/// each delivery, since the target was settled when the message was sent.
/// </summary>
internal sealed class CourierInvoker(EmbeddedEngine engine)
{
    public Task DeliverAsync(MethodDescriptor method, GrainId target, IXtmpMessage request) => method switch
    {
        IUnaryMethod unary => unary.InvokeAsync(new ToTarget(engine, target), request, default).AsTask(),
        IOneWayMethod oneWay => oneWay.SendAsync(new ToTarget(engine, target), request, default).AsTask(),
        _ => throw new InvalidOperationException($"{method} is a stream; the outbox carries calls."),
    };

    private sealed class ToTarget(EmbeddedEngine engine, GrainId target) : ICallInvoker
    {
        public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply> =>
            engine.Deliver(method, target, request);

        public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem> =>
            throw new InvalidOperationException($"{method} is a stream; the outbox carries calls.");

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest> =>
            engine.Deliver(method, target, request);
    }
}
