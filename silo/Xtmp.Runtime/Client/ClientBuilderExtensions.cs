using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Xtmp.Protocol;

namespace Xtmp.Runtime;

/// <summary>XTMP grains from a process that is no silo.</summary>
public static class ClientBuilderExtensions
{
    /// <summary>
    /// Lets a program with an Orleans client (<c>builder.UseOrleansClient(client => …)</c>) call the grains of a cluster: the
    /// generated clients take the <see cref="ICallInvoker"/> that this adds to its services. Such a program is inside the cluster:
    /// it speaks for any wallet and session it names, so only what the operator runs belongs there. Others come by the gateways.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="cluster">The cluster's name (<see cref="ClusterSettings.Name"/>).</param>
    /// <param name="silos">Where silos take clients: their addresses, with <see cref="ClusterSettings.ClientPort"/>.</param>
    /// <param name="traffic">What protects the connections; null only where the silos talk in the clear.</param>
    public static IClientBuilder UseXtmpClient(this IClientBuilder client, string cluster, IReadOnlyList<IPEndPoint> silos, SiloTraffic? traffic = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        ArgumentNullException.ThrowIfNull(silos);
        client.UseStaticClustering([.. silos]);
        client.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = cluster);
        client.Services.AddSerializer(serializer => serializer.AddAssembly(typeof(IXtmpGrain).Assembly));
        client.Services.AddSingleton<ICallInvoker>(services => new ClusterInvoker(services.GetRequiredService<IClusterClient>()));
        if (traffic is not null)
        {
            client.Configure<ClientConnectionOptions>(connections => connections.ConfigureConnection(connection => connection.Use(traffic.Outbound)));
        }

        return client;
    }
}
