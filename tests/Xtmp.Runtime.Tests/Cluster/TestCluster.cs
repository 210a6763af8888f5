using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;

namespace Xtmp.Runtime.Tests;

/// <summary>Silos of probes in this process, with Orleans' messaging between them and one store that they share.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;

    private TestCluster(InProcessTestCluster cluster, MemoryGrainStore store)
    {
        _cluster = cluster;
        Store = store;
    }

    public MemoryGrainStore Store { get; }

    public IReadOnlyList<InProcessSiloHandle> Silos => [.. _cluster.Silos];

    public static async Task<TestCluster> StartAsync(int silos, ProbeScripts scripts)
    {
        var store = new MemoryGrainStore { IsShared = true };
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.ConfigureSiloHost((_, host) => host.Logging.ClearProviders());
        builder.ConfigureSilo((_, silo) =>
        {
            silo.UseXtmpGrains(store, new RuntimeOptions { OutboxRetryMin = TimeSpan.FromMilliseconds(10), SweepInterval = TimeSpan.FromSeconds(1) });
            silo.Services.AddKeyedSingleton(TimeProviderNames.Grains, TimeProvider.System);
            silo.Configure<ClusterMembershipOptions>(membership => membership.TableRefreshTimeout = TimeSpan.FromMilliseconds(300));
            scripts.Register(silo);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new TestCluster(cluster, store);
    }

    public ProbeClient Client(InProcessSiloHandle silo) => new(silo.ServiceProvider.GetRequiredService<ICallInvoker>());

    public ProbeClient Client(int silo) => Client(Silos[silo]);

    /// <summary>How many probes are active in each silo.</summary>
    public async Task<IReadOnlyDictionary<SiloAddress, int>> SpreadAsync()
    {
        var grains = await Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        return grains.Where(grain => grain.GrainId.Type.ToString() == "Probe").GroupBy(grain => grain.SiloAddress).ToDictionary(silo => silo.Key, silo => silo.Count());
    }

    public Task KillAsync(InProcessSiloHandle silo) => _cluster.KillSiloAsync(silo);

    public Task StopAsync(InProcessSiloHandle silo) => _cluster.StopSiloAsync(silo);

    public async Task JoinAsync() => await _cluster.StartAdditionalSiloAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        await Store.DisposeAsync();
    }
}
