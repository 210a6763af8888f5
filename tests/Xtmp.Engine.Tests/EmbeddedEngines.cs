using System.Collections.Concurrent;
using Xtmp.TestKit;

namespace Xtmp.Engine.Tests;

/// <summary>How the conformance suites get an embedded engine.</summary>
internal static class EmbeddedEngines
{
    public static (IGrainEngine Engine, Func<Task> WhenQuiet) Create(
        GrainRegistry registry, IGrainStore store, EngineSettings settings, VirtualTimeProvider time, ConcurrentQueue<EngineFault> faults, bool inline)
    {
        // WhenQuietAsync is not exact with pooled turns: it may answer between a turn and what that turn has put on the
        // pool, and a virtual clock that is then moved moves too early. Until it is, these runs are asked for by name.
        if (!inline && Environment.GetEnvironmentVariable("XTMP_POOLED_ENGINE") != "1")
        {
            Assert.Skip("Pooled turns under virtual time: set XTMP_POOLED_ENGINE=1 to run them; a run may fail by the test kit's timing.");
        }

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
