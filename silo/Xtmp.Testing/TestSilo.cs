using System.Collections.Concurrent;
using Orleans.Hosting;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;

namespace Xtmp.Testing;

/// <summary>
/// A silo of a test's own grains, without a port, on a store in memory and a clock that stands still until the test moves it:
/// what <c>AddXtmpGrain</c> registers runs as it does in a process, with commits, outbox, reminders and topics. The first of a
/// process takes about a second to start, each further one a tenth.
/// <example><code>
/// await using var silo = await TestSilo.StartAsync(silo => silo.AddXtmpGrain&lt;OrderGrain&gt;(OrderMethods.All));
/// var orders = new OrderClient(silo.Invoker);
/// </code></example>
/// </summary>
public sealed class TestSilo : IAsyncDisposable
{
    private readonly Action<ISiloBuilder> _configure;
    private readonly TestSiloOptions _options;
    private readonly bool _ownsStore;

    private TestSilo(Action<ISiloBuilder> configure, TestSiloOptions options)
    {
        _configure = configure;
        _options = options;
        _ownsStore = options.Store is null;
        Store = options.Store ?? new MemoryGrainStore();
        Time = options.Time ?? new VirtualTimeProvider();
    }

    /// <summary>The silo that runs now; another one after <see cref="RestartAsync"/>.</summary>
    public GrainSilo Silo { get; private set; } = null!;

    /// <summary>What generated clients call grains by.</summary>
    public ICallInvoker Invoker => Silo;

    public IGrainStore Store { get; }

    public VirtualTimeProvider Time { get; }

    /// <summary>Bugs of grains and failures of the store, which callers hear of only in general words.</summary>
    public ConcurrentQueue<RuntimeFault> Faults { get; } = [];

    /// <summary>Starts a silo.</summary>
    /// <param name="configure">Adds the grains, and the services they are made with.</param>
    /// <param name="options">Null: the defaults.</param>
    public static async Task<TestSilo> StartAsync(Action<ISiloBuilder> configure, TestSiloOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var silo = new TestSilo(configure, options ?? new TestSiloOptions());
        await silo.StartAsync().ConfigureAwait(false);
        return silo;
    }

    /// <summary>Stops the silo and starts another on the same store and clock: what a grain has not stored is gone.</summary>
    public async Task RestartAsync()
    {
        await Silo.DisposeAsync().ConfigureAwait(false);
        await StartAsync().ConfigureAwait(false);
    }

    /// <summary>Completes when no call, turn or delivery is under way, but those deliveries that wait for their next try.</summary>
    public Task WhenQuietAsync() => Silo.WhenQuietAsync();

    /// <summary>Moves the clock, which fires timers, reminders and retries on the way, and waits until what they began is done.</summary>
    public Task AdvanceAsync(TimeSpan by)
    {
        Time.Advance(by);
        return WhenQuietAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync().ConfigureAwait(false);
        if (_ownsStore)
        {
            await Store.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task StartAsync() => Silo = await GrainSilo.StartAsync(
        Store,
        _configure,
        _options.Limits with
        {
            OnFault = fault =>
            {
                Faults.Enqueue(fault);
                _options.Limits.OnFault?.Invoke(fault);
            },
        },
        Time,
        _options.LoggerFactory).ConfigureAwait(false);
}
