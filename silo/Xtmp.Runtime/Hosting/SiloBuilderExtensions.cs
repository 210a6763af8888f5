using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization.Configuration;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>XTMP grains on an Orleans silo.</summary>
public static class SiloBuilderExtensions
{
    // Orleans looks for idle grains this often, and wants to keep them longer than that.
    private static readonly TimeSpan CollectionQuantum = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MinCollectionAge = TimeSpan.FromMinutes(1);

    /// <summary>Durable turns for the grains added with <see cref="AddXtmpGrain{TGrain}"/>.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="store">Where grains are kept. Stays the caller's to dispose.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    public static ISiloBuilder UseXtmpGrains(this ISiloBuilder silo, IGrainStore store, RuntimeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(store);
        options ??= new RuntimeOptions();
        var services = silo.Services;
        services.AddSingleton(store);
        services.AddSingleton(options);
        services.AddSingleton<GrainKinds>();
        services.AddSingleton<IGrainTypeProvider>(provider => provider.GetRequiredService<GrainKinds>());
        services.AddSingleton<GrainReferences>();
        services.AddSingleton<LocalActivations>();
        services.AddSingleton<ActivationQueue>();
        services.AddSingleton<RuntimeMetrics>();
        services.AddSingleton<TurnServices>();
        services.TryAddSingleton(new TopicHub(options.MaxSubscriptions));
        services.TryAddSingleton<ITopicHub>(provider => provider.GetRequiredService<TopicHub>());
        services.AddSingleton<Sweeper>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<Sweeper>());
        services.AddSingleton<TopicServiceClient>();
        services.AddSingleton<TopicRelay>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<TopicRelay>());
        silo.AddGrainService<TopicService>();

        // Grains are spread unless their class says otherwise ([PreferLocalPlacement]).
        services.AddSingleton<PlacementStrategy, RandomPlacement>();
        services.AddSingleton<ICallInvoker>(provider => new OrleansInvoker(provider.GetRequiredService<TurnServices>(), caller: null));

        // Orleans' generator lists every grain class of every assembly it sees, and two of one kind stop the silo. XTMP
        // kinds are those that were added by name, no more and no less.
        services.AddOptions<TypeManifestOptions>().PostConfigure<IEnumerable<GrainKind>>((manifest, kinds) =>
        {
            manifest.InterfaceImplementations.RemoveWhere(type => type.IsSubclassOf(typeof(XtmpGrain)));
            manifest.InterfaceImplementations.UnionWith(kinds.Select(kind => kind.Grain));
        });
        return silo.Configure<GrainCollectionOptions>(collection =>
        {
            collection.CollectionQuantum = CollectionQuantum;
            collection.CollectionAge = options.IdleTimeout < MinCollectionAge ? MinCollectionAge : options.IdleTimeout;
        });
    }

    /// <summary>A grain class, for the handler whose generated interface it implements.</summary>
    /// <typeparam name="TGrain">Made by dependency injection. A class without a handler interface, or with two, does not compile.</typeparam>
    public static ISiloBuilder AddXtmpGrain<TGrain>(this ISiloBuilder silo)
        where TGrain : XtmpGrain, IXtmpHandler
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton(new GrainKind(typeof(TGrain), TGrain.Methods));
        return silo;
    }

    /// <summary>Makes the silo one of a cluster.</summary>
    /// <exception cref="XtmpException">A setting cannot be used; its field is named.</exception>
    public static ISiloBuilder UseXtmpCluster(this ISiloBuilder silo, ClusterSettings settings)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        silo.Services.AddSingleton(_ => settings.Membership ?? new PostgresMembershipTable(settings));
        silo.ConfigureEndpoints(settings.EndPoint.Address, settings.EndPoint.Port, settings.ClientPort);
        silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = settings.Name);
        if (settings.Traffic is { } traffic)
        {
            silo.Configure<SiloConnectionOptions>(connections =>
            {
                connections.ConfigureSiloInboundConnection(connection => connection.Use(traffic.Inbound));
                connections.ConfigureSiloOutboundConnection(connection => connection.Use(traffic.Outbound));
                connections.ConfigureGatewayInboundConnection(connection => connection.Use(traffic.Inbound));
            });
        }

        return silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = settings.ProbeInterval;
            membership.NumMissedProbesLimit = 2;
            membership.MaxJoinAttemptTime = settings.JoinPatience;

            // One that the others have declared dead, and do not tell, has to read it.
            membership.TableRefreshTimeout = 5 * settings.ProbeInterval;
        });
    }

    /// <summary>Opens no port at all: a silo that is alone needs none.</summary>
    internal static ISiloBuilder UseNoListeners(this ISiloBuilder silo)
    {
        // The keys are Orleans' own, the descriptors are not.
        for (var i = 0; i < silo.Services.Count; i++)
        {
            var service = silo.Services[i];
            if (service.IsKeyedService && service.ServiceType == typeof(Microsoft.AspNetCore.Connections.IConnectionListenerFactory))
            {
                silo.Services[i] = ServiceDescriptor.KeyedSingleton<Microsoft.AspNetCore.Connections.IConnectionListenerFactory>(service.ServiceKey, (_, _) => new NoListener());
            }
        }

        return silo;
    }
}
