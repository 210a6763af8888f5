using System.Text.Json.Nodes;
using CustomMessages;
using CustomMessages.Orders;
using Xtmp.Cli.Tests.Schema;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Silo;

namespace Xtmp.Cli.Tests;

/// <summary>What <c>xtmp call</c> shows of an error that a schema declares.</summary>
public sealed class DeclaredErrorTests : IAsyncLifetime
{
    private readonly ScratchFolder _scratch = new();
    private SiloHost _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await SiloHost.StartAsync(
        new SiloOptions { DataDirectory = _scratch.File("data"), Port = 0 }, handlers: [new SiloHandlers(OrdersCatalogue.Schema, silo => silo.AddXtmpGrain<OrderGrain>())]);

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task the_detail_of_a_declared_error_is_shown()
    {
        Assert.Equal(0, (await PlaceAsync(1)).ExitCode);
        var (exitCode, output, error) = await PlaceAsync(2);
        Assert.Equal(3, exitCode);
        Assert.Empty(output);
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("OrderPlacedAlready (1000), peer fault: ", lines[0], StringComparison.Ordinal);
        Assert.Equal("1250", (string?)JsonNode.Parse(lines[1])!["total"]);

        JsonNode json = JsonNode.Parse((await PlaceAsync(2, "--json")).Error)!;
        Assert.Equal(1000, (int)json["number"]!);
        Assert.Equal("1250", (string?)json["detail"]!["OrderPlacedAlready"]!["total"]);
    }

    private Task<(int ExitCode, string Output, string Error)> PlaceAsync(int count, params string[] more) => Tool.RunAsync(
    [
        "call", "Order.Place", $$"""{"order_id":"0f9c54a1-0000-4000-8000-000000000001","lines":[{"article":"MUG-7","count":{{count}},"price":1250}]}""",
        "--schema", Path.Combine(Repository.Root, "examples/CustomMessages/orders.yaml"),
        "--endpoint", $"xtmp://{_silo.EndPoint}", "--fingerprint", _silo.Fingerprint.ToString(), .. more,
    ]);
}
