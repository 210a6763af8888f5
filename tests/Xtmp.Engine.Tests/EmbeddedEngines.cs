using System.Collections.Concurrent;
using Xtmp.TestKit;

namespace Xtmp.Engine.Tests;

/// <summary>How the conformance suites get an embedded engine.</summary>
internal static class EmbeddedEngines
{
    public static (IGrainEngine Engine, Func<Task> WhenQuiet) Create(
        GrainRegistry registry, IGrainStore store, EngineSettings settings, VirtualTimeProvider time, ConcurrentQueue<EngineFault> faults, bool inline)
    {
        var engine = new EmbeddedEngine(registry, store, new EmbeddedEngineOptions
        {
            TimeProvider = time,
            MailboxCapacity = settings.MailboxCapacity,
            CallTimeout = settings.CallTimeout,
            IdleTimeout = settings.IdleTimeout,
            MaxCallDepth = settings.MaxCallDepth,
            OutboxRetryMin = settings.OutboxRetryMin,
            OutboxRetryMax = settings.OutboxRetryMax,
            InlineTurns = inline,
            OnFault = faults.Enqueue,
        });
        return (engine, engine.WhenQuietAsync);
    }
}
