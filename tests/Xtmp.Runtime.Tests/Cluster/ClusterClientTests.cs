using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;
using Xtmp.Testing;

namespace Xtmp.Runtime.Tests;

/// <summary>A program that is no silo calls grains with the generated clients, by way of an Orleans client.</summary>
public sealed class ClusterClientTests
{
    private readonly ProbeScripts _scripts = new();

    [Fact]
    public async Task calls_refusals_streams_and_messages_reach_every_grain_and_survive_a_silo()
    {
        _scripts["refuse"] = static (_, _, _) => throw new XtmpException(XtmpErrorCode.InsufficientFunds, Fault.Peer, "Not enough.", "amount");
        _scripts.Stream("count", static (_, _, context) => CountAsync(context.CancellationToken));
        await using var cluster = await TestCluster.StartAsync(2, _scripts.Register);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client.UseXtmpClient(cluster.Name, [.. cluster.Members.Select(member => member.ClientEndPoint)]));
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        var probes = new ProbeClient(host.Services.GetRequiredService<ICallInvoker>());
        for (var grain = 0; grain < 40; grain++)
        {
            Assert.Equal(1, (await AddAsync(probes, grain)).Number);
        }

        // They are the cluster's grains, the same for everybody, and in both silos.
        Assert.Equal(2, (await AddAsync(new ProbeClient(cluster.Members[0].Invoker), 0)).Number);
        Assert.All(cluster.Members, member => Assert.InRange(member.Silo.ActivationCount, 1, 39));
        var error = await Assert.ThrowsAsync<XtmpException>(async () => await probes.RunAsync(new ProbeCall { Key = "a", Script = "refuse" }));
        Assert.Equal((XtmpErrorCode.InsufficientFunds, "amount"), (error.Code, error.Field));
        var unknown = await Assert.ThrowsAsync<XtmpException>(async () => await probes.RunAsync(new ProbeCall { Key = new string('\u0001', 3), Script = "add" }));
        Assert.Equal(XtmpErrorCode.PayloadInvalid, unknown.Code);
        var numbers = new List<long>();
        await foreach (var item in probes.WatchAsync(new ProbeWatch { Key = "a", Script = "count" }))
        {
            numbers.Add(item.Number);
        }

        Assert.Equal([0, 1, 2], numbers);
        await probes.NoteAsync(new ProbeNote { Key = "noted", Script = "add", Number = 5 });
        Assert.Equal(5, (await probes.RunAsync(new ProbeCall { Key = "noted", Script = "add" })).Number);

        await TestCluster.StopAsync(cluster.Members[1]);
        for (var grain = 1; grain < 40; grain++)
        {
            Assert.Equal(2, (await AddAsync(probes, grain)).Number);
        }

        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static ValueTask<ProbeReply> AddAsync(ProbeClient client, int grain) => client.RunAsync(new ProbeCall { Key = $"g{grain}", Script = "add", Number = 1 });

    private static async IAsyncEnumerable<ProbeItem> CountAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 0; number < 3; number++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ProbeItem { Number = number };
        }
    }
}
