using System.Collections.Concurrent;
using Xtmp.Engine;
using Xtmp.Protocol;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>
/// What every engine must do, on every store. Derive from the parts (<see cref="TurnConformance"/>,
/// <see cref="CallConformance"/>, <see cref="OutboxConformance"/>, <see cref="ReminderConformance"/>,
/// <see cref="StreamConformance"/>) and say how an engine and a store are made.
/// </summary>
public abstract class GrainEngineConformance : IAsyncLifetime
{
    /// <summary>How long a test waits for something that should happen at once.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<EngineFixture> _engines = [];
    private IGrainStore? _store;

    /// <summary>The test's store; engines come and go on it.</summary>
    protected IGrainStore Store => _store!;

    protected VirtualTimeProvider Time { get; } = new();

    protected ProbeScripts Scripts { get; } = new();

    protected ConcurrentQueue<EngineFault> Faults { get; } = [];

    public async ValueTask InitializeAsync() => _store = await OpenStoreAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }

        await Store.DisposeAsync();
        CloseStore();
        GC.SuppressFinalize(this);
    }

    /// <summary>A fresh, empty store.</summary>
    protected abstract ValueTask<IGrainStore> OpenStoreAsync();

    /// <summary>Runs after the store is disposed, for what lies behind it.</summary>
    protected virtual void CloseStore()
    {
    }

    /// <summary>An engine, and what completes when it is quiet. Faults go into <see cref="Faults"/>.</summary>
    protected abstract (IGrainEngine Engine, Func<Task> WhenQuiet) CreateEngine(GrainRegistry registry, IGrainStore store, EngineSettings settings);

    /// <summary>A started engine with this test's scripts and clock.</summary>
    protected async Task<EngineFixture> StartAsync(EngineSettings? settings = null, IGrainStore? store = null)
    {
        store ??= Store;
        var (engine, whenQuiet) = CreateEngine(Scripts.Registry(), store, settings ?? new EngineSettings());
        var fixture = new EngineFixture(engine, store, Scripts, Time, whenQuiet) { Faults = Faults };
        _engines.Add(fixture);
        await engine.StartAsync();
        return fixture;
    }

    protected static async Task<XtmpException> RefusedAsync(XtmpErrorCode code, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<XtmpException>(call);
        Assert.Equal(code, error.Code);
        return error;
    }

    protected static Task<XtmpException> RefusedAsync<T>(XtmpErrorCode code, ValueTask<T> call) => RefusedAsync(code, () => call.AsTask());

    protected static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
