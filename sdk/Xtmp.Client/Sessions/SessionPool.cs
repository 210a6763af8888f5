using Xtmp.Protocol;

namespace Xtmp.Client;

/// <summary>Gives each call to the session with the min to do.</summary>
internal sealed class SessionPool(SessionLane[] lanes) : ICallInvoker
{
    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => Choose().InvokeAsync(method, request, context);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => Choose().StreamAsync(method, request, context, CancellationToken.None);

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => Choose().SendAsync(method, request, context);

    private SessionLane Choose()
    {
        var best = lanes[0];
        var min = best.Load;
        for (var index = 1; index < lanes.Length && min > 0; index++)
        {
            var load = lanes[index].Load;
            if (load < min)
            {
                (best, min) = (lanes[index], load);
            }
        }

        return best;
    }
}
