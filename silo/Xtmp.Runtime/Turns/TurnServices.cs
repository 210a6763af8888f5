using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Storage;

namespace Xtmp.Runtime;

/// <summary>What the grains of one silo share.</summary>
internal sealed class TurnServices(
    IGrainStore store,
    GrainKinds kinds,
    TopicHub topics,
    GrainReferences references,
    LocalActivations local,
    ActivationQueue activations,
    RuntimeOptions options,
    RuntimeMetrics metrics,
    Microsoft.Extensions.Options.IOptions<GrainCollectionOptions> collection,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time)
{
    private int _isFull;
    private int _outboxInFlight;

    public IGrainStore Store { get; } = store;

    public GrainKinds Kinds { get; } = kinds;

    public TopicHub Topics { get; } = topics;

    public GrainReferences References { get; } = references;

    public RuntimeOptions Options { get; } = options;

    public RuntimeMetrics Metrics { get; } = metrics;

    public TimeProvider Time { get; } = time;

    /// <summary>How long Orleans keeps an idle grain.</summary>
    public TimeSpan CollectionAge { get; } = collection.Value.CollectionAge;

    public LocalActivations Local { get; } = local;

    public ActivationQueue Activations { get; } = activations;

    /// <summary>Where signatures are checked.</summary>
    public VerificationPool Verifications { get; } = new(options);

    public WaitGraph Waits { get; } = new();

    /// <summary>All that goes on in this silo: calls, turns, deliveries but those that wait for their next try, sweeps.</summary>
    public ActivityCounter Activity { get; } = new();

    /// <summary>Told when a reminder was set; the sweeper listens.</summary>
    public Action<DateTimeOffset>? ReminderSet { get; set; }

    /// <summary>Told that messages were left in the store; the sweeper listens.</summary>
    public Action? OutboxLeft { get; set; }

    /// <summary>Outbox messages in memory.</summary>
    public int OutboxInFlight => Volatile.Read(ref _outboxInFlight);

    /// <summary>Takes one of the places for messages in memory; false where there is none.</summary>
    public bool TryTakeOutboxPlace()
    {
        if (Interlocked.Increment(ref _outboxInFlight) <= Options.MaxOutboxInFlight)
        {
            return true;
        }

        Interlocked.Decrement(ref _outboxInFlight);
        return false;
    }

    public void ReturnOutboxPlace() => Interlocked.Decrement(ref _outboxInFlight);

    public void Report(GrainId? grain, string text, Exception? exception)
    {
        Metrics.Faults.Add(1);
        try
        {
            Options.OnFault?.Invoke(new RuntimeFault(grain, text, exception));
        }
        catch (Exception) when (Options.OnFault is not null)
        {
            // A log that throws must not take the grain's turn with it; the counter has the fault.
        }
    }

    /// <summary>Awaits the store; a failing one goes to the log in full, and to callers without its details.</summary>
    public ValueTask<T> StoreAsync<T>(ValueTask<T> pending, GrainId? grain)
    {
        return pending.IsCompletedSuccessfully ? pending : AwaitAsync();

        async ValueTask<T> AwaitAsync()
        {
            try
            {
                return await pending.ConfigureAwait(false);
            }
            catch (XtmpException error) when (error.Code is XtmpErrorCode.StorageUnavailable or XtmpErrorCode.StorageFull)
            {
                throw StorageFailed(error, grain);
            }
        }
    }

    /// <summary>A grain that was not there has been written: a store that was full is not any more.</summary>
    public void StorageTook()
    {
        if (Volatile.Read(ref _isFull) != 0)
        {
            Volatile.Write(ref _isFull, 0);
        }
    }

    public XtmpException StorageFailed(XtmpException error, GrainId? grain)
    {
        if (error.Code == XtmpErrorCode.StorageFull)
        {
            // Whoever fills a store does not fill the log as well: it is told once, until there is room again.
            if (Interlocked.Exchange(ref _isFull, 1) == 0)
            {
                Report(grain, "The grain store is full: what is there can be read and settled, nothing new is kept.", error);
            }

            return new XtmpException(XtmpErrorCode.StorageFull, Fault.Peer, "The silo's storage is full: nothing new is kept.", retryable: true);
        }

        Report(grain, "The grain store failed.", error);
        return new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Peer, "The silo cannot read or write its storage now.", retryable: error.Retryable);
    }
}
