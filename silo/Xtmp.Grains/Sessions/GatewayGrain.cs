using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Grains;

/// <summary>Where a gateway hears of orders about its sessions. The key is the gateway's name. It is always in the gateway's own silo.</summary>
[StatelessWorker(1, removeIdleWorkers: false)]
public sealed class GatewayGrain : XtmpGrain, IGatewayHandler
{
    public IAsyncEnumerable<GatewayCommand> FollowAsync(GatewayFollow request, CallContext context = default) =>
        Pass(Context.Subscribe<GatewayCommand>(Topics.OfGateway(request.Gateway)), context.CancellationToken);

    private static async IAsyncEnumerable<GatewayCommand> Pass(IAsyncEnumerable<TopicEvent<GatewayCommand>> orders, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (order, _) in orders.WithCancellation(cancellationToken).ConfigureAwait(true))
        {
            // An order that was lost is given again by whoever waits for its effect.
            if (order is not null)
            {
                yield return order;
            }
        }
    }
}
