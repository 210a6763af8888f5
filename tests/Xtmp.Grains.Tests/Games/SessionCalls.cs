using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Calls as they come out of a session, whose caller the silo knows.</summary>
internal sealed class SessionCalls(ICallInvoker silo, CallerInfo caller) : ICallInvoker
{
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => silo.InvokeAsync(method, request, context with { Caller = caller });

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => silo.SendAsync(method, request, context with { Caller = caller });

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => silo.StreamAsync(method, request, context with { Caller = caller });
}
