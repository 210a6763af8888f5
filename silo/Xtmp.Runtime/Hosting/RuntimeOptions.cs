namespace Xtmp.Runtime;

/// <summary>Limits of a silo's grains.</summary>
public sealed record RuntimeOptions
{
    /// <summary>Calls waiting for one grain before further ones are refused with <c>Overloaded</c>.</summary>
    public int MailboxCapacity { get; init; } = 1024;

    /// <summary>Calls of one session waiting for one grain before further ones are refused with <c>Overloaded</c>.</summary>
    public int MailboxCapacityPerSession { get; init; } = 256;

    /// <summary>Checks of signatures that run at once, outside turns.</summary>
    public int MaxVerifications { get; init; } = Environment.ProcessorCount;

    /// <summary>Checks of signatures of one session that wait before further ones are refused with <c>Overloaded</c>.</summary>
    public int MaxVerificationsPerSession { get; init; } = 64;

    /// <summary>Checks of signatures of all sessions that wait before further ones are refused with <c>Overloaded</c>.</summary>
    public int MaxWaitingVerifications { get; init; } = 16_384;

    /// <summary>How long a call waits for its reply where its context says nothing.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a grain stays in memory without calls. Orleans takes at least a minute and looks each half minute.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest chain of grains that wait for each other's replies.</summary>
    public int MaxCallDepth { get; init; } = 32;

    /// <summary>
    /// How often a call looks again for its grain before its caller gets a retryable error: after version conflicts, and an
    /// idempotent call also after the loss of the grain's silo. The pauses between grow to a quarter of a second, 2 s in all.
    /// </summary>
    public int MaxMoves { get; init; } = 16;

    /// <summary>Outbox messages of this silo in memory at once; the others wait in the store.</summary>
    public int MaxOutboxInFlight { get; init; } = 4096;

    /// <summary>Wait before the second try of a delivery; doubles from try to try.</summary>
    public TimeSpan OutboxRetryMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait between tries of a delivery.</summary>
    public TimeSpan OutboxRetryMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time between looks into the store for messages and reminders that nobody takes care of.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Open subscriptions over all topics of this silo.</summary>
    public int MaxSubscriptions { get; init; } = 1_000_000;

    /// <summary>
    /// False sends every call through Orleans' messaging, also to grains of this silo. For tests and measurements of
    /// that way.
    /// </summary>
    public bool DirectCalls { get; init; } = true;

    /// <summary>
    /// Told what went wrong inside, with details that callers do not get. Called on any thread; must not throw.
    /// </summary>
    public Action<RuntimeFault>? OnFault { get; init; }
}
