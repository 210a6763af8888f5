using System.Collections.Concurrent;
using Xtmp.Crypto;
using Xtmp.Engine;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Grains.Tests;

/// <summary>The silo's grains on the embedded engine, a store in memory and a clock that the test moves.</summary>
internal sealed class GrainsFixture : IAsyncDisposable
{
    public const string Currency = "XTM";
    public const string Network = "test-net";
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<EmbeddedEngine> _engines = [];

    public GrainsFixture(GrainOptions? options = null)
    {
        Options = (options ?? new GrainOptions { OpeningBalance = 1000 }) with { Network = Network };
        Engine = Start(Store);
    }

    public MemoryGrainStore Store { get; } = new();

    public VirtualTimeProvider Time { get; } = new();

    public GrainOptions Options { get; }

    public ConcurrentQueue<EngineFault> Faults { get; } = [];

    public EmbeddedEngine Engine { get; private set; }

    public WalletClient Wallet => new(Engine);

    public BundleClient Bundle => new(Engine);

    public BundleLedgerClient Ledger => new(Engine);

    public StreamClient Stream => new(Engine);

    public SessionClient Session => new(Engine);

    public RegistryClient Registry => new(Engine);

    /// <summary>Leaves the running engine and starts another, on the fixture's store or one in front of it.</summary>
    public void Restart(IGrainStore? store = null) => Engine = Start(store ?? Store);

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }

    public static async Task<XtmpException> RefusedAsync<T>(XtmpErrorCode code, ValueTask<T> call, string? field = null)
    {
        var error = await Assert.ThrowsAsync<XtmpException>(() => call.AsTask());
        Assert.Equal(code, error.Code);
        Assert.Equal(field, error.Field);
        return error;
    }

    private EmbeddedEngine Start(IGrainStore store)
    {
        var engine = new EmbeddedEngine(SiloGrains.Register(new GrainRegistry(), Options), store, new EmbeddedEngineOptions
        {
            TimeProvider = Time,
            OutboxRetryMin = TimeSpan.FromSeconds(1),
            OnFault = Faults.Enqueue,
        });
        _engines.Add(engine);
        engine.StartAsync().GetAwaiter().GetResult();
        return engine;
    }
}
