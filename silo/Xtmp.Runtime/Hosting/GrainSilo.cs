using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>
/// A silo of grains in this process, alone and without a port or one of a cluster, called like any handler. Errors of a call:
/// <see cref="XtmpErrorCode.NotServed"/> for a kind nobody registered, <see cref="XtmpErrorCode.Overloaded"/> (retryable)
/// from a full mailbox, <see cref="XtmpErrorCode.Timeout"/>, <see cref="XtmpErrorCode.CallCycle"/>,
/// <see cref="XtmpErrorCode.StorageUnavailable"/>, <see cref="XtmpErrorCode.ShuttingDown"/>,
/// <see cref="XtmpErrorCode.Internal"/> for a bug in a grain, and whatever code the grain refuses with.
/// <para>
/// Calls that are awaited one after the other run in that order. Calls of one caller that are not awaited run in the order
/// they were made as long as their grain is active in this silo.
/// </para>
/// </summary>
public sealed class GrainSilo : ICallInvoker, IAsyncDisposable
{
    private static readonly TimeSpan DisposePatience = TimeSpan.FromSeconds(5);

    private readonly IHost _host;
    private readonly SiloLoss _loss;
    private readonly TurnServices _services;
    private readonly TopicHub _topics;
    private readonly ICallInvoker _invoker;
    private readonly ActivityCounter _calls;
    private volatile bool _isStopping;
    private int _disposed;

    private GrainSilo(IHost host, SiloLoss loss)
    {
        _host = host;
        _loss = loss;
        _services = host.Services.GetRequiredService<TurnServices>();
        _topics = host.Services.GetRequiredService<TopicHub>();
        _calls = new ActivityCounter(_services.Activity);
        _invoker = new OrleansInvoker(_services, caller: null, _calls);
        host.Services.GetRequiredService<RuntimeMetrics>().Observe(() => _services.Local.Count, () => _services.OutboxInFlight, _topics);
        Lost = EndAsync();
    }

    /// <summary>
    /// Completes with the reason when the silo has ended because it could not go on: the other silos of its cluster declared it dead,
    /// or Orleans failed. Its callers hear <see cref="XtmpErrorCode.ShuttingDown"/> from then on; the process goes on.
    /// </summary>
    public Task<XtmpException> Lost { get; }

    public ITopicHub Topics => _topics;

    /// <summary>The services of Orleans' host.</summary>
    internal IServiceProvider Services => _host.Services;

    /// <summary>Grains in memory.</summary>
    public int ActivationCount => _services.Local.Count;

    /// <summary>Lets somebody see what the grains of this silo publish. Called in their turns: must be quick and not throw.</summary>
    public void ObservePublications(Action<string, IXtmpMessage> observer) => _topics.Observer = observer;

    /// <summary>What this silo holds now. Looks at every grain in memory.</summary>
    public RuntimeStatistics ReadStatistics() => new()
    {
        Grains = _services.Local.CountByKind(),
        OutboxInFlight = _services.OutboxInFlight,
        Subscriptions = _topics.SubscriptionCount,
        WaitingVerifications = _services.Verifications.Waiting,
    };

    /// <summary>The silos of the cluster, this one alone where there are no others, and the grains in memory of each. Asks all of them.</summary>
    public Task<ClusterStatistics> ReadClusterAsync() => ClusterStatistics.ReadAsync(_host.Services);

    /// <summary>Starts a silo: its grains, and what runs without calls, the outbox left by an earlier run and reminders.</summary>
    /// <param name="store">Where grains are kept. Stays the caller's to dispose, after the silo.</param>
    /// <param name="configure">Adds the grains, with <see cref="SiloBuilderExtensions.AddXtmpGrain{TGrain}"/>, and the services they are made with.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <param name="time">The clock of grains; null: the system's.</param>
    /// <param name="loggerFactory">Where Orleans logs; null: nowhere.</param>
    /// <param name="cluster">The cluster this silo joins, with a store that its silos share; null: the silo is alone and opens no port.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    public static async Task<GrainSilo> StartAsync(
        IGrainStore store,
        Action<ISiloBuilder> configure,
        RuntimeOptions? options = null,
        TimeProvider? time = null,
        ILoggerFactory? loggerFactory = null,
        ClusterSettings? cluster = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(configure);
        if (cluster is not null && !store.IsShared)
        {
            throw new ArgumentException("The silos of a cluster need a store that they share.", nameof(store));
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        if (loggerFactory is not null)
        {
            // Orleans tells at length what it does; what an operator has to know comes as warnings.
            builder.Logging.AddProvider(new ForwardingLoggerProvider(loggerFactory)).AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning);
        }

        var loss = new SiloLoss();
        builder.UseOrleans(silo =>
        {
            _ = cluster is null ? silo.UseLocalhostClustering() : silo.UseXtmpCluster(cluster);
            silo.UseXtmpGrains(store, options);
            configure(silo);
            _ = cluster is null ? silo.UseNoListeners() : silo;
            silo.Services.AddKeyedSingleton(TimeProviderNames.Grains, time ?? TimeProvider.System);
            silo.Services.AddSingleton<IFatalErrorHandler>(loss);
        });
        var host = builder.Build();
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            _ = CancelAsync(starting, loss);
            await host.StartAsync(starting.Token).ConfigureAwait(false);
            return new GrainSilo(host, loss);
        }
        catch (OperationCanceledException) when (loss.Reason.IsCompleted)
        {
            await AbandonAsync(host).ConfigureAwait(false);
            throw LostBecause(await loss.Reason.ConfigureAwait(false));
        }
        catch (OrleansException error) when (cluster is not null)
        {
            await AbandonAsync(host).ConfigureAwait(false);
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"This silo could not join the cluster '{cluster.Name}' at {cluster.EndPoint}: {error.Message}", innerException: error);
        }
        catch
        {
            await AbandonAsync(host).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Drains: refuses new calls, finishes and commits what is in flight, ends subscriptions. Undelivered outbox messages
    /// stay in the store for the next start. The store itself stays open.
    /// </summary>
    /// <param name="cancellationToken">
    /// When to stop waiting; what is in flight then is cancelled. A caller whose call came by way of Orleans' messaging may
    /// then hear <see cref="XtmpErrorCode.OutcomeUnknown"/> in place of the answer.
    /// </param>
    /// <exception cref="OperationCanceledException">The waiting was given up; the silo is stopped all the same.</exception>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        _isStopping = true;
        _loss.Expect();
        _calls.Close();
        _topics.Close(ShuttingDown());
        try
        {
            await _calls.WhenZeroAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _services.Local.CancelAll();
            }

            _services.Local.EndWaits();
            await _host.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Completes when nothing is going on: no calls, no turns, and no deliveries but those that wait for their next try.
    /// For tests, and for a last look before a snapshot.
    /// </summary>
    public Task WhenQuietAsync() => _services.Activity.WhenZeroAsync();

    /// <summary>Lets go of every grain that has been idle for <paramref name="age"/>, as Orleans does from time to time.</summary>
    public Task CollectIdleAsync(TimeSpan age) => _host.Services.GetRequiredService<Orleans.IGrainFactory>().GetGrain<IManagementGrain>(0).ForceActivationCollection(age);

    public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TReply : class, IXtmpMessage<TReply> => _invoker.InvokeAsync(method, request, context);

    public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest>
        where TItem : class, IXtmpMessage<TItem>
    {
        // Streams have no end of their own; the topics end them.
        return _isStopping ? throw ShuttingDown() : _invoker.StreamAsync(method, request, context);
    }

    public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
        where TRequest : class, IXtmpMessage<TRequest> => _invoker.SendAsync(method, request, context);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (!_isStopping)
        {
            using var patience = new CancellationTokenSource(DisposePatience);
            try
            {
                await StopAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // A grain that does not listen to its token keeps its thread; its caller has an answer by its timeout.
            }
        }

        if (_loss.Reason.IsCompleted)
        {
            await Lost.ConfigureAwait(false);
        }

        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static XtmpException LostBecause(string reason) =>
        new(XtmpErrorCode.ShuttingDown, Fault.Local, $"The silo cannot go on and has ended: {reason}");

    // Orleans stops only what has come up. Of what has not, its directory would ask for changes of the membership without a pause for
    // as long as the process lives: every stage that had begun ends here. In this order, since a silo that ended so has no end to
    // its disposal.
    private static async Task AbandonAsync(IHost host)
    {
        var lifecycle = host.Services.GetRequiredService<ISiloLifecycleSubject>();
        host.Dispose();
        try
        {
            await lifecycle.OnStop(new CancellationToken(canceled: true)).WaitAsync(DisposePatience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What does not end by itself ends with what it uses.
        }
    }

    private static async Task CancelAsync(CancellationTokenSource starting, SiloLoss loss)
    {
        await loss.Reason.ConfigureAwait(false);
        try
        {
            await starting.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // It had started.
        }
    }

    // Nobody waits for what it was doing: its grains may be active elsewhere already, and their store tells them apart by version.
    private async Task<XtmpException> EndAsync()
    {
        var reason = await _loss.Reason.ConfigureAwait(false);
        try
        {
            await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or OrleansException or AggregateException)
        {
            // It cannot say goodbye to anybody, and complains of it.
        }

        return LostBecause(reason);
    }

    internal static XtmpException ShuttingDown() => new(XtmpErrorCode.ShuttingDown, Fault.Peer, "The silo is shutting down.", retryable: true);
}
