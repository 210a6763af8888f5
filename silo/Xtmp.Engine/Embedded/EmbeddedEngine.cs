using System.Collections.Concurrent;
using Xtmp.Protocol;

namespace Xtmp.Engine;

/// <summary>
/// The engine inside one process: activations by id, turns inline or on the thread pool, everything durable in the store.
/// Several embedded engines may share one store that says so (<see cref="IGrainStore.IsShared"/>).
/// </summary>
public sealed partial class EmbeddedEngine : IGrainEngine
{
    /// <summary>How long a dispose that nobody stopped before waits for turns. Real time, whatever the grains' clock says.</summary>
    private static readonly TimeSpan DisposePatience = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyDictionary<string, GrainKind> _kinds;
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly ActivityCounter _calls;
    private readonly TopicHub _topics;
    private readonly ActivationCollector _collector;
    private int _activationCount;
    private volatile bool _stopping;
    private int _disposed;

    /// <param name="registry">The kinds; fixed from here on.</param>
    /// <param name="store">Stays the caller's to dispose, after the engine.</param>
    /// <param name="options">Null takes the defaults.</param>
    public EmbeddedEngine(GrainRegistry registry, IGrainStore store, EmbeddedEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(store);
        Options = options ?? new EmbeddedEngineOptions();
        Store = store;
        TimeProvider = Options.TimeProvider;
        _kinds = registry.Kinds;
        _calls = new ActivityCounter(Activity);
        Running = new ActivityCounter(Activity);
        _topics = new TopicHub(Options.MaxSubscriptions);
        Courier = new OutboxCourier(this);
        Reminders = new ReminderClock(this);
        Metrics = new EngineMetrics(() => ActivationCount, () => Courier.Pending, () => _topics.SubscriptionCount);
        _collector = new ActivationCollector(this);
    }

    public ITopicHub Topics => _topics;

    /// <summary>Grains in memory now.</summary>
    public int ActivationCount => Volatile.Read(ref _activationCount);

    internal EmbeddedEngineOptions Options { get; }

    internal IGrainStore Store { get; }

    internal TimeProvider TimeProvider { get; }

    internal EngineMetrics Metrics { get; }

    internal OutboxCourier Courier { get; }

    internal ReminderClock Reminders { get; }

    /// <summary>Everything that is going on: calls, turns, deliveries, reminders.</summary>
    internal ActivityCounter Activity { get; } = new();

    /// <summary>Turns taken by an activation and not yet done with.</summary>
    internal ActivityCounter Running { get; }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await Courier.StartAsync().ConfigureAwait(false);
        await Reminders.StartAsync().ConfigureAwait(false);
        _collector.Start();
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        _stopping = true;
        _collector.Dispose();
        _topics.Close(ShuttingDown());
        try
        {
            await _calls.WhenZeroAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            await Reminders.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            await Courier.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            await Running.WhenZeroAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Reminders.Abandon();
            Courier.Abandon();
            foreach (var activation in EnumerateActivations())
            {
                activation.Abandon();
            }
        }
    }

    /// <summary>
    /// Completes when nothing is going on: no calls, no turns, and no deliveries but those that wait for their next try.
    /// For tests, and for a last look before a snapshot.
    /// </summary>
    public Task WhenQuietAsync() => Activity.WhenZeroAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            using var patience = new CancellationTokenSource(_stopping ? TimeSpan.Zero : DisposePatience);
            try
            {
                await StopAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // A grain that does not listen to its token keeps its thread; its caller has an answer by its timeout.
            }

            Metrics.Dispose();
        }
    }

    internal MethodDescriptor? FindMethod(string kind, string name) =>
        _kinds.TryGetValue(kind, out var found) && found.Methods.TryGetValue(name, out var method) ? method : null;

    // Without the snapshot that the dictionary's Values would make of all grains.
    internal IEnumerable<Activation> EnumerateActivations() => _activations.Select(pair => pair.Value);

    internal void Forget(Activation activation)
    {
        if (_activations.TryRemove(new KeyValuePair<GrainId, Activation>(activation.Id, activation)))
        {
            Interlocked.Decrement(ref _activationCount);
        }
    }

    internal async ValueTask<bool> ExistsAsync(GrainId id)
    {
        if (!id.IsWellFormed || !_kinds.ContainsKey(id.Kind))
        {
            return false;
        }

        if (_activations.TryGetValue(id, out var activation) && activation.IsKnownToExist)
        {
            return true;
        }

        return await StoreCall(static (store, key) => store.ReadVersionAsync(key), id, id).ConfigureAwait(false) > 0;
    }

    internal void Report(GrainId? grain, string text, Exception? exception)
    {
        Metrics.Faults.Add(1);
        try
        {
            Options.OnFault?.Invoke(new EngineFault(grain, text, exception));
        }
        catch (Exception) when (Options.OnFault is not null)
        {
            // A log that throws must not take the grain's turn with it; the counter has the fault.
        }
    }

    /// <summary>Calls the store; a failing one goes to the log in full, and to callers without its details.</summary>
    internal ValueTask<T> StoreCall<TArgument, T>(Func<IGrainStore, TArgument, ValueTask<T>> call, TArgument argument, GrainId? grain)
    {
        ValueTask<T> pending;
        try
        {
            pending = call(Store, argument);
        }
        catch (XtmpException error) when (error.Code == XtmpErrorCode.StorageUnavailable)
        {
            return ValueTask.FromException<T>(StorageFailed(error, grain));
        }

        return pending.IsCompletedSuccessfully ? pending : AwaitAsync(pending, grain);

        async ValueTask<T> AwaitAsync(ValueTask<T> task, GrainId? id)
        {
            try
            {
                return await task.ConfigureAwait(false);
            }
            catch (XtmpException error) when (error.Code == XtmpErrorCode.StorageUnavailable)
            {
                throw StorageFailed(error, id);
            }
        }
    }

    internal XtmpException StorageFailed(XtmpException error, GrainId? grain)
    {
        Report(grain, "The grain store failed.", error);
        return new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Peer, "The silo cannot read or write its storage now.", retryable: error.Retryable);
    }

    private static XtmpException ShuttingDown() => new(XtmpErrorCode.ShuttingDown, Fault.Peer, "The silo is shutting down.", retryable: true);
}
