using CustomMessages;
using CustomMessages.Orders;
using Xtmp.Runtime;
using Xtmp.Testing;

// A stranger tests a grain of their own: on one silo with a clock that stands still, and on a cluster that loses a silo.
var id = Guid.NewGuid();
var place = new PlaceOrder { OrderId = id, Lines = [new OrderLine { Article = "MUG-7", Count = 2, Price = 1250 }] };
await using (var silo = await TestSilo.StartAsync(silo => silo.AddXtmpGrain<OrderGrain>()))
{
    var orders = new OrderClient(silo.Invoker);
    var first = await orders.PlaceAsync(place);
    await silo.AdvanceAsync(TimeSpan.FromDays(1));
    await silo.RestartAsync();
    var again = await new OrderClient(silo.Invoker).PlaceAsync(place);
    Expect(first.PlacedAt == again.PlacedAt && first.PlacedAt < silo.Time.GetUtcNow(), "an order that outlives its silo");
    try
    {
        await new OrderClient(silo.Invoker).PlaceAsync(place with { Lines = [] });
        Expect(false, "other lines");
    }
    catch (OrderPlacedAlreadyException refused)
    {
        Console.WriteLine($"refused: placed already for {refused.Detail.Total}");
    }
}

await using (var cluster = await TestCluster.StartAsync(2, silo => silo.AddXtmpGrain<OrderGrain>()))
{
    await new OrderClient(cluster.Members[1].Invoker).PlaceAsync(place);
    await TestCluster.StopAsync(cluster.Members[1]);
    var moved = await new OrderClient(cluster.Members[0].Invoker).MoveAsync(new MoveOrder { OrderId = id, To = OrderState.Packed });
    Expect(moved.State == OrderState.Packed, "an order that outlives one silo of two");
}

Console.WriteLine("done");

static void Expect(bool condition, string what)
{
    if (!condition)
    {
        throw new InvalidOperationException($"Not as expected: {what}.");
    }
}
