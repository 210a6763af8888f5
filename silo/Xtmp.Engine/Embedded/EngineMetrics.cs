using System.Diagnostics.Metrics;

namespace Xtmp.Engine;

/// <summary>Instruments of the meter <c>Xtmp.Engine</c>.</summary>
internal sealed class EngineMetrics : IDisposable
{
    public const string MeterName = "Xtmp.Engine";

    private readonly Meter _meter = new(MeterName);

    public EngineMetrics(Func<int> activations, Func<int> outbox, Func<int> subscriptions)
    {
        Turns = _meter.CreateCounter<long>("xtmp.engine.turns", "{turn}", "Turns run to their end, by kind.");
        Activations = _meter.CreateCounter<long>("xtmp.engine.activations", "{grain}", "Grains brought into memory, by kind.");
        MailboxRefusals = _meter.CreateCounter<long>("xtmp.engine.mailbox.refusals", "{call}", "Calls refused because a mailbox was full.");
        Conflicts = _meter.CreateCounter<long>("xtmp.engine.conflicts", "{turn}", "Turns run again because the stored version had moved on.");
        Faults = _meter.CreateCounter<long>("xtmp.engine.faults", "{fault}", "Failures reported to the log.");
        Timeouts = _meter.CreateCounter<long>("xtmp.engine.timeouts", "{call}", "Calls whose reply did not come in time.");
        OutboxDelivered = _meter.CreateCounter<long>("xtmp.engine.outbox.delivered", "{message}", "Outbox messages delivered.");
        OutboxRetries = _meter.CreateCounter<long>("xtmp.engine.outbox.retries", "{message}", "Deliveries that have to be tried again.");
        CommitDuration = _meter.CreateHistogram<double>("xtmp.engine.commit.duration", "s", "Time from a turn's end until its changes are durable.");
        _meter.CreateObservableGauge("xtmp.engine.activations.live", activations, "{grain}", "Grains in memory.");
        _meter.CreateObservableGauge("xtmp.engine.outbox.pending", outbox, "{message}", "Outbox messages in memory.");
        _meter.CreateObservableGauge("xtmp.engine.subscriptions", subscriptions, "{subscription}", "Open subscriptions.");
    }

    public Counter<long> Turns { get; }

    public Counter<long> Activations { get; }

    public Counter<long> MailboxRefusals { get; }

    public Counter<long> Conflicts { get; }

    public Counter<long> Faults { get; }

    public Counter<long> Timeouts { get; }

    public Counter<long> OutboxDelivered { get; }

    public Counter<long> OutboxRetries { get; }

    public Histogram<double> CommitDuration { get; }

    public void Dispose() => _meter.Dispose();
}
