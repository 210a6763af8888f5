using CustomMessages.Orders;
using Xtmp;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace CustomMessages;

/// <summary>
/// An order: the generated handler interface on one side, durable turns and durable state on the other. The state is
/// a struct of the same schema.
/// </summary>
public sealed class OrderGrain : XtmpGrain<StoredOrder>, IOrderHandler
{
    private string Topic => "order:" + Context.Key;

    public ValueTask<PlaceOrderReply> PlaceAsync(PlaceOrder request, CallContext context = default)
    {
        if (State is { } known && known.Lines != request.Lines)
        {
            throw new OrderPlacedAlreadyException(new OrderPlacedAlready { PlacedAt = known.ChangedAt, Total = known.Total });
        }

        if (State is null)
        {
            State = new StoredOrder
            {
                Lines = request.Lines,
                Total = request.Lines.Aggregate(UInt128.Zero, (sum, line) => sum + ((UInt128)line.Price * line.Count)),
                State = OrderState.Placed,
                ChangedAt = Context.Now,
            };
            Publish();
        }

        return new(new PlaceOrderReply { Total = State.Total, PlacedAt = State.ChangedAt });
    }

    public ValueTask<MoveOrderReply> MoveAsync(MoveOrder request, CallContext context = default)
    {
        var order = RequireState();
        if (request.To > order.State)
        {
            State = order with { State = request.To, ChangedAt = Context.Now };
            Publish();
        }

        return new(new MoveOrderReply { State = State!.State });
    }

    /// <summary>What is published comes after the subscription, so nothing is lost between the first item and the next.</summary>
    public async IAsyncEnumerable<OrderChange> WatchAsync(WatchOrder request, CallContext context = default)
    {
        var changes = Context.Subscribe<OrderChange>(Topic);
        var last = ToChange(RequireState());
        yield return last;
        if (last.State >= OrderState.Shipped)
        {
            yield break;
        }

        await foreach (var change in changes)
        {
            if (change.Item is { } item)
            {
                yield return item;
                if (item.State >= OrderState.Shipped)
                {
                    yield break;
                }
            }
        }
    }

    private static OrderChange ToChange(StoredOrder order) => new() { State = order.State, At = order.ChangedAt };

    private StoredOrder RequireState() => State ?? throw new XtmpException(XtmpErrorCode.NotFound, Fault.Peer, "There is no such order.", "order_id");

    private void Publish() => Context.Publish(Topic, ToChange(State!));
}
