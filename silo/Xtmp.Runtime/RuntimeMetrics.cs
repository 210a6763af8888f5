using System.Diagnostics.Metrics;

namespace Xtmp.Runtime;

/// <summary>Instruments of the meter <c>Xtmp.Runtime</c>.</summary>
internal sealed class RuntimeMetrics : IDisposable
{
    public const string MeterName = "Xtmp.Runtime";

    private readonly Meter _meter = new(MeterName);

    public RuntimeMetrics()
    {
        Turns = _meter.CreateCounter<long>("xtmp.runtime.turns", "{turn}", "Turns run to their end, by kind.");
        Calls = _meter.CreateCounter<long>("xtmp.runtime.calls", "{call}", "Calls made in this silo, by way: direct to a grain in it, or by message to another silo.");
        Activations = _meter.CreateCounter<long>("xtmp.runtime.activations", "{grain}", "Grains brought into memory, by kind.");
        MailboxRefusals = _meter.CreateCounter<long>("xtmp.runtime.mailbox.refusals", "{call}", "Calls refused because a mailbox was full.");
        Conflicts = _meter.CreateCounter<long>("xtmp.runtime.conflicts", "{turn}", "Turns run again because the stored version had moved on.");
        Faults = _meter.CreateCounter<long>("xtmp.runtime.faults", "{fault}", "Failures reported to the log.");
        OutboxDelivered = _meter.CreateCounter<long>("xtmp.runtime.outbox.delivered", "{message}", "Outbox messages delivered.");
        OutboxRetries = _meter.CreateCounter<long>("xtmp.runtime.outbox.retries", "{message}", "Deliveries that have to be tried again.");
        CommitDuration = _meter.CreateHistogram<double>("xtmp.runtime.commit.duration", "s", "Time from a turn's end until its changes are durable.");
    }

    /// <summary>Adds the gauges of what the silo holds.</summary>
    public void Observe(Func<int> activations, Func<int> outbox, TopicHub topics)
    {
        _meter.CreateObservableGauge("xtmp.runtime.activations.live", activations, "{grain}", "Grains in memory.");
        _meter.CreateObservableGauge("xtmp.runtime.outbox.pending", outbox, "{message}", "Outbox messages in memory.");
        _meter.CreateObservableGauge("xtmp.runtime.subscriptions", () => topics.SubscriptionCount, "{subscription}", "Open subscriptions.");
        _meter.CreateObservableCounter("xtmp.runtime.subscriptions.dropped", () => topics.Dropped, "{item}", "Items dropped for subscribers that read too slowly, once they are gone.");
        _meter.CreateObservableCounter("xtmp.runtime.subscriptions.coalesced", () => topics.Coalesced, "{item}", "Items replaced by later ones of their key before they were read, once the subscribers are gone.");
        _meter.CreateObservableCounter("xtmp.runtime.subscriptions.slow", () => topics.SlowConsumers, "{subscription}", "Subscriptions ended because their reader was too slow.");
    }

    public Counter<long> Turns { get; }

    public Counter<long> Calls { get; }

    public Counter<long> Activations { get; }

    public Counter<long> MailboxRefusals { get; }

    public Counter<long> Conflicts { get; }

    public Counter<long> Faults { get; }

    public Counter<long> OutboxDelivered { get; }

    public Counter<long> OutboxRetries { get; }

    public Histogram<double> CommitDuration { get; }

    public void Dispose() => _meter.Dispose();
}
