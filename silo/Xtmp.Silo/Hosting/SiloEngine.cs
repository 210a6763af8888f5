using Microsoft.Extensions.Logging;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Silo;

/// <summary>The grain silo on a SQLite file or in a cluster on PostgreSQL, with the silo's own grains and whatever its host adds.</summary>
internal sealed partial class SiloEngine : IAsyncDisposable
{
    /// <summary>The database, in the data directory.</summary>
    public const string DatabaseName = "grains.db";

    /// <summary>The authority of a silo that is alone; its root is the silo's identity, which clients pin anyway.</summary>
    public const string OwnAuthority = "silo";

    private readonly IGrainStore _store;
    private readonly GrainSilo _engine;
    private readonly TimeSpan _drainTimeout;

    private SiloEngine(IGrainStore store, GrainSilo engine, string network, TimeSpan drainTimeout)
    {
        Network = network;
        _store = store;
        _engine = engine;
        _drainTimeout = drainTimeout;
    }

    public ICallInvoker Invoker => _engine;

    public GrainSilo Grains => _engine;

    public ITopicHub Topics => _engine.Topics;

    public string Network { get; }

    public static async Task<SiloEngine> StartAsync(
        SiloOptions options, SiloKeys keys, Func<Fingerprint, bool> isWithdrawn, IEnumerable<SiloHandlers> handlers, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        var logger = loggerFactory.CreateLogger("Xtmp.Runtime");
        var grains = options.Grains.Network.Length == 0 ? options.Grains with { Network = NetworkName.Of(keys.Identity.Public.Fingerprint) } : options.Grains;

        // In a cluster every silo has an identity of its own, so that an authority needs a key that its silos share.
        grains = grains with
        {
            SiloIdentity = grains.SiloIdentity ?? keys.Identity,
            Entropy = grains.Entropy ?? SystemEntropy.Instance,
            Authorities = AuthoritiesOf(options, keys),
        };
        IGrainStore store;
        var cluster = options.Cluster;
        if (cluster is not null)
        {
            if (keys.Cluster is { } own)
            {
                cluster = cluster with { Name = own.Credentials.Cluster, Traffic = own.ToTraffic(isWithdrawn, options.TimeProvider, loggerFactory.CreateLogger("Xtmp.Gateway")) };
            }

            store = await PostgresGrainStore.OpenAsync(cluster.ConnectionString, new PostgresGrainStoreOptions { Limits = options.Storage }, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            store = SqliteGrainStore.Open(Path.Combine(options.DataDirectory, DatabaseName), new SqliteGrainStoreOptions { Limits = options.Storage });
        }

        try
        {
            var engine = await GrainSilo.StartAsync(
                store,
                silo =>
                {
                    silo.AddSiloGrains(grains);
                    if (options.OrleansDashboard)
                    {
                        OrleansDashboard.AddTo(silo);
                    }

                    foreach (var own in handlers)
                    {
                        own.Register(silo);
                    }
                },
                options.Runtime with { OnFault = fault => LogFault(logger, fault.Exception, fault.Grain?.ToString() ?? "silo", fault.Text) },
                options.TimeProvider,
                loggerFactory,
                cluster,
                cancellationToken).ConfigureAwait(false);
            return new SiloEngine(store, engine, grains.Network, options.DrainTimeout);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks the store for a row that may be missing: what a readiness check can learn without changing anything.</summary>
    /// <exception cref="XtmpException">The store does not answer.</exception>
    public async ValueTask CheckStoreAsync() => await _store.ReadVersionAsync(new Storage.GrainId("Readiness", "0")).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(_drainTimeout);
        try
        {
            await _engine.StopAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What did not end in time was cancelled; what it had committed is kept.
        }

        await _engine.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    private static Dictionary<string, AuthorityOptions> AuthoritiesOf(SiloOptions options, SiloKeys keys)
    {
        var authorities = new Dictionary<string, AuthorityOptions>(options.Grains.Authorities);
        if (options.Cluster is null)
        {
            authorities.TryAdd(OwnAuthority, new AuthorityOptions { Key = keys.Identity, MaxLifetime = options.MaxCertificateLifetime });
        }

        foreach (var (name, key) in keys.Authorities)
        {
            authorities[name] = new AuthorityOptions { Key = key, MaxLifetime = options.MaxCertificateLifetime };
        }

        return authorities;
    }

    [LoggerMessage(EventId = 2002, Level = LogLevel.Error, Message = "{Grain}: {Text}")]
    private static partial void LogFault(ILogger logger, Exception? exception, string grain, string text);
}
