using System.Collections.Concurrent;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.Testing;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>
/// What grains may rely on, on every store. Derive from the parts (<see cref="TurnConformance"/>,
/// <see cref="CallConformance"/>, <see cref="OutboxConformance"/>, <see cref="ReminderConformance"/>,
/// <see cref="StreamConformance"/>) and say how a store is made.
/// </summary>
public abstract class GrainConformance : IAsyncLifetime
{
    /// <summary>How long a test waits for something that should happen at once.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<GrainSiloFixture> _silos = [];
    private IGrainStore? _store;

    /// <summary>The test's store; silos come and go on it.</summary>
    protected IGrainStore Store => _store!;

    protected VirtualTimeProvider Time { get; } = new();

    protected ProbeScripts Scripts { get; } = new();

    protected ConcurrentQueue<RuntimeFault> Faults { get; } = [];

    public async ValueTask InitializeAsync() => _store = await OpenStoreAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
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

    /// <summary>Limits that suit tests under virtual time.</summary>
    protected static RuntimeOptions Settings { get; } = new()
    {
        OutboxRetryMin = TimeSpan.FromSeconds(1),
        OutboxRetryMax = TimeSpan.FromSeconds(60),
        SweepInterval = TimeSpan.FromSeconds(60),
    };

    /// <summary>False sends every call through Orleans' messaging.</summary>
    protected virtual bool DirectCalls => true;

    /// <summary>
    /// Whether calls of one caller run in the order they were made when they are not awaited. Orleans' messaging does not
    /// promise that; calls that are awaited one after the other run in their order everywhere.
    /// </summary>
    protected virtual bool KeepsOrderOfUnawaitedCalls => DirectCalls;

    /// <summary>A started silo with this test's scripts and clock.</summary>
    protected async Task<GrainSiloFixture> StartAsync(RuntimeOptions? settings = null, IGrainStore? store = null)
    {
        store ??= Store;
        var silo = await TestSilo.StartAsync(Scripts.Register, new TestSiloOptions { Store = store, Time = Time, Limits = (settings ?? Settings) with { DirectCalls = DirectCalls, OnFault = Faults.Enqueue } });
        var fixture = new GrainSiloFixture(silo, Scripts);
        _silos.Add(fixture);
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
