namespace Xtmp.Engine;

/// <summary>Clock, entropy and limits of an embedded engine.</summary>
public sealed record EmbeddedEngineOptions
{
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public IGrainEntropy Entropy { get; init; } = SystemGrainEntropy.Instance;

    /// <summary>Calls waiting for one grain before further ones are refused with <c>Overloaded</c>.</summary>
    public int MailboxCapacity { get; init; } = 1024;

    /// <summary>Grains in memory. At the limit idle ones are let go; when all are busy, calls to others are refused.</summary>
    public int MaxActivations { get; init; } = 200_000;

    /// <summary>How long a call waits for its reply where its context says nothing.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a grain stays in memory without calls.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest chain of grains that wait for each other's replies.</summary>
    public int MaxCallDepth { get; init; } = 32;

    /// <summary>How often a turn is run again after version conflicts before its caller gets a retryable <c>Conflict</c>.</summary>
    public int MaxConflictRetries { get; init; } = 8;

    /// <summary>
    /// True runs the turn of an idle grain on the thread that calls, which saves a hop; false always uses the pool, for
    /// callers that must not be held up by a grain's computing.
    /// </summary>
    public bool InlineTurns { get; init; } = true;

    /// <summary>Outbox messages in memory at once; the others wait in the store.</summary>
    public int MaxOutboxInFlight { get; init; } = 4096;

    /// <summary>Wait before the second try of a delivery; doubles from try to try.</summary>
    public TimeSpan OutboxRetryMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait between tries of a delivery, and between looks into the store for messages left there.</summary>
    public TimeSpan OutboxRetryMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time between looks for due reminders; shorter when the store says that one is due earlier.</summary>
    public TimeSpan ReminderPoll { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Open subscriptions over all topics.</summary>
    public int MaxSubscriptions { get; init; } = 1_000_000;

    /// <summary>
    /// Told what went wrong inside, with details that callers do not get: bugs in grains, a failing store, an outbox
    /// message nobody can read. Called on any thread; must not throw.
    /// </summary>
    public Action<EngineFault>? OnFault { get; init; }
}

/// <summary>A failure inside the engine, for the log.</summary>
/// <param name="Grain">The grain it happened to, where one is known.</param>
/// <param name="Text">What the engine was doing.</param>
/// <param name="Exception">The cause.</param>
public sealed record EngineFault(GrainId? Grain, string Text, Exception? Exception);
