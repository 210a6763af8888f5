using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;
using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>Generated clients in a process that is no silo: every call is a message to the silo of its grain.</summary>
internal sealed class ClusterInvoker(IClusterClient client) : ICallInvoker
{
    private const int MaxMoves = 16;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    public async ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => (await CallAsync(method, method.GetKey(request, context), request, context).ConfigureAwait(false)).Take<TReply>(method);

    public async ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => (await CallAsync(method, method.GetKey(request, context), request, context).ConfigureAwait(false)).ThrowIfRefused(method);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem> => FollowAsync(method, request, context);

    private async ValueTask<XtmpReply> CallAsync(MethodDescriptor method, string key, IXtmpMessage request, CallContext context)
    {
        var id = new GrainId(method.Handler, key);
        var grain = Grain(id);
        using var patience = new CallPatience(TimeProvider.System, context.Timeout ?? CallTimeout, context.CancellationToken);
        var call = new XtmpCall(method, request, context.Caller, chain: null);
        for (var moves = 0; ; moves++)
        {
            var reply = await patience.WaitAsync(call, OrleansInvoker.RemoteAsync(Start(grain, call, patience), id)).ConfigureAwait(false);
            var isLost = reply.Error?.InnerException is OrleansException && call.IsRepeatable;
            if (!reply.IsMoved && !isLost)
            {
                return reply;
            }

            if (moves == MaxMoves)
            {
                return reply.IsMoved ? XtmpReply.Of(OrleansInvoker.KeptMoving(id)) : reply;
            }

            await patience.PauseAsync(call, OrleansInvoker.PauseBefore(moves)).ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<TItem> FollowAsync<TRequest, TItem>(
        StreamMethod<TRequest, TItem> method, TRequest request, CallContext context, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, cancellationToken);
        var id = new GrainId(method.Handler, method.GetKey(request, context));
        var call = new XtmpCall(method, request, context.Caller, chain: null);
        for (var moves = 0; ; moves++)
        {
            var isMoved = false;
            await using var items = Grain(id).StreamAsync(call, linked.Token).GetAsyncEnumerator(linked.Token);
            while (!isMoved && await OrleansInvoker.NextAsync(items, id).ConfigureAwait(false) is { } item)
            {
                isMoved = item.IsMoved;
                if (isMoved && moves == MaxMoves)
                {
                    throw OrleansInvoker.KeptMoving(id);
                }

                if (!isMoved)
                {
                    yield return item.Take<TItem>(method);
                }
            }

            if (!isMoved)
            {
                yield break;
            }

            await Task.Delay(OrleansInvoker.PauseBefore(moves), linked.Token).ConfigureAwait(false);
        }
    }

    // What Orleans refuses before it sends anything comes as an exception of the call itself.
    private static async ValueTask<XtmpReply> Start(IXtmpGrain grain, XtmpCall call, CallPatience patience) => await grain.InvokeAsync(call, patience.RemoteToken).ConfigureAwait(false);

    private IXtmpGrain Grain(GrainId id) => id.IsWellFormed
        ? client.GetGrain<IXtmpGrain>(Orleans.Runtime.GrainId.Create(GrainType.Create(id.Kind), IdSpan.Create(id.Key)))
        : throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"The key of a {id.Kind} is empty, too long, or holds characters that are not allowed.");
}
