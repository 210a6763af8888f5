using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>The invoker a grain calls others through: every call carries the turn that waits for it.</summary>
internal sealed class GrainCalls(EmbeddedEngine engine, Activation activation) : ICallInvoker
{
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply>
    {
        activation.EnsureTurn();
        return engine.Call(method, request, context, activation.Current);
    }

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        activation.EnsureTurn();
        return engine.OpenStream(method, request, context, activation.Current);
    }

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
    {
        activation.EnsureTurn();
        return engine.Post(method, request, context, fromGrain: true);
    }
}
