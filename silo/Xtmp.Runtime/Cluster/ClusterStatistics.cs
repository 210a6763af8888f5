using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Xtmp.Runtime;

/// <summary>A cluster as its membership sees it.</summary>
/// <param name="Silos">Its silos, dead ones too.</param>
/// <param name="Grains">Grains in memory of the living ones.</param>
public sealed record ClusterStatistics(IReadOnlyList<SiloStatistics> Silos, IReadOnlyList<GrainCount> Grains)
{
    private const int ManagementGrain = 0;

    internal static async Task<ClusterStatistics> ReadAsync(IServiceProvider services)
    {
        var self = services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var kinds = services.GetServices<GrainKind>().ToDictionary(kind => kind.Type.ToString()!, kind => kind.Name, StringComparer.Ordinal);
        var byClass = services.GetServices<GrainKind>().ToDictionary(kind => kind.Grain.FullName!, kind => kind.Name, StringComparer.Ordinal);
        var management = services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(ManagementGrain);
        var hosts = await management.GetDetailedHosts(onlyActive: false).ConfigureAwait(false);
        var counts = await management.GetSimpleGrainStatistics().ConfigureAwait(false);
        return new ClusterStatistics(
            [.. hosts.Select(host => new SiloStatistics(Name(host.SiloAddress), host.SiloName, host.Status.ToString(), new DateTimeOffset(DateTime.SpecifyKind(host.StartTime, DateTimeKind.Utc)), host.SiloAddress.Equals(self)))],
            [.. from count in counts
                let type = count.GrainType.Split(',')[0]
                let kind = kinds.GetValueOrDefault(type) ?? byClass.GetValueOrDefault(type)
                where kind is not null && count.ActivationCount > 0
                select new GrainCount(kind, Name(count.SiloAddress), count.ActivationCount)]);
    }

    private static string Name(SiloAddress silo) => silo.Endpoint.ToString();
}

/// <summary>A silo in its cluster.</summary>
/// <param name="EndPoint">Where the others reach it.</param>
/// <param name="Name">What its machine calls it.</param>
/// <param name="Status">As Orleans names it, for example Active or Dead.</param>
/// <param name="Started">When it started.</param>
/// <param name="IsSelf">This silo.</param>
public sealed record SiloStatistics(string EndPoint, string Name, string Status, DateTimeOffset Started, bool IsSelf);

/// <summary>Grains of a kind in memory of a silo.</summary>
public sealed record GrainCount(string Kind, string Silo, int Count);
