using CustomMessages;
using CustomMessages.Orders;
using Xtmp;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Silo;

// A silo that serves the built-in messages and, beside them, the handler group of orders.yaml.
var data = Directory.CreateTempSubdirectory("xtmp-orders-");
try
{
    var orders = new SiloHandlers(OrdersCatalogue.Schema, silo => silo.AddXtmpGrain<OrderGrain>());
    await using var silo = await SiloHost.StartAsync(new SiloOptions { DataDirectory = data.FullName, Port = 0 }, handlers: [orders]);
    Console.WriteLine($"silo on {silo.EndPoint} serves {string.Join(", ", OrdersCatalogue.Methods)}");

    // The generated client over a real session.
    await using var client = await XtmpConnection.ConnectAsync(
        $"xtmp://{silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Schemas = [OrdersCatalogue.Schema] });
    var order = new OrderClient(client.Invoker);
    var id = Guid.NewGuid();
    var placed = await order.PlaceAsync(new PlaceOrder
    {
        OrderId = id,
        Lines = [new OrderLine { Article = "MUG-7", Count = 2, Price = 1250 }, new OrderLine { Article = "TEA-1", Count = 1, Price = 480 }],
    });
    Console.WriteLine($"placed: {placed.Total} cents");
    Expect(placed.Total == 2980, "the total");

    // An error of the schema arrives as it was thrown, with its detail.
    try
    {
        await order.PlaceAsync(new PlaceOrder { OrderId = id, Lines = [new OrderLine { Article = "TEA-1", Count = 9, Price = 480 }] });
        Expect(false, "an order placed twice");
    }
    catch (OrderPlacedAlreadyException refused)
    {
        Console.WriteLine($"refused: {refused.Message} It cost {refused.Detail.Total} cents.");
        Expect(refused.Detail.Total == placed.Total, "the total of the order as it was placed");
    }

    var seen = new List<OrderState>();
    await foreach (var change in order.WatchAsync(new WatchOrder { OrderId = id }))
    {
        Console.WriteLine($"order is {change.State.ToText()}");
        seen.Add(change.State);
        if (change.State < OrderState.Shipped)
        {
            await order.MoveAsync(new MoveOrder { OrderId = id, To = change.State + 1 });
        }
    }

    Expect(seen.SequenceEqual([OrderState.Placed, OrderState.Packed, OrderState.Shipped]), "the states");
    try
    {
        await order.WatchAsync(new WatchOrder { OrderId = Guid.NewGuid() }).GetAsyncEnumerator().MoveNextAsync();
        Expect(false, "an unknown order");
    }
    catch (XtmpException refused) when (refused.Code == XtmpErrorCode.NotFound)
    {
        Console.WriteLine($"refused: {refused.Message} (field {refused.Field})");
    }

    Console.WriteLine("done");
    return 0;
}
finally
{
    data.Delete(recursive: true);
}

static void Expect(bool condition, string what)
{
    if (!condition)
    {
        throw new InvalidOperationException($"Not as expected: {what}.");
    }
}
