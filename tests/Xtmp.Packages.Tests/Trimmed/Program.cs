using Shop.Messages;
using Xtmp.Protocol;

var order = new PlaceOrder
{
    OrderId = new byte[16],
    Customer = Guid.Empty,
    Items = new Dictionary<string, uint> { ["mug"] = 2, ["tea"] = 1 },
    Total = 2980,
    Wrapping = Wrapping.Paper | Wrapping.Ribbon,
    ShipTo = [new Address { Street = "Main 1", Country = "DE" }],
    Payment = new Voucher { SecretCode = new byte[16] },
};
order.Validate();
var bytes = order.ToBytes();
var back = XtmpCodec.Decode<PlaceOrder>(bytes);
Console.WriteLine(back);
Console.WriteLine(back.ToJson());
var reply = await new OrderClient(new InMemoryInvoker(new HandlerInvoker(new Handler(), OrderMethods.All))).PlaceAsync(order);
Console.WriteLine(reply.ToJson());
return back.Equals(order) && XtmpCodec.FromJson<PlaceOrderReply>(reply.ToJson()).Equals(reply) && ShopCatalogue.Methods.Count == 3 ? 0 : 1;

internal sealed class Handler : IOrderHandler
{
    public ValueTask<PlaceOrderReply> PlaceAsync(PlaceOrder request, CallContext context = default) =>
        new(new PlaceOrderReply { AcceptedAt = DateTimeOffset.UnixEpoch, ShipsWithin = TimeSpan.FromDays(request.ShipTo.Count) });

    public ValueTask RingAsync(Ring request, CallContext context = default) => default;

    public IAsyncEnumerable<OrderEvent> WatchAsync(WatchOrder request, CallContext context = default) => throw new InvalidOperationException();
}
