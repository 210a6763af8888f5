using System.Collections.Concurrent;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.Testing;

namespace Xtmp.Grains.Tests;

/// <summary>The silo's grains on a silo without a port, a store in memory and a clock that the test moves.</summary>
internal sealed class GrainsFixture : IAsyncDisposable
{
    public const string Currency = "XTM";
    public const string Network = "test-net";
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<GrainSilo> _silos = [];

    /// <param name="options">Null: an opening balance of 1,000.</param>
    /// <param name="time">Null: <see cref="Time"/>, which the test moves.</param>
    public GrainsFixture(GrainOptions? options = null, TimeProvider? time = null)
    {
        Clock = time ?? Time;
        Options = (options ?? new GrainOptions { OpeningBalance = 1000 }) with { Network = Network, Entropy = new SeededEntropy(4) };
        Silo = Start(Store);
    }

    public MemoryGrainStore Store { get; } = new();

    public VirtualTimeProvider Time { get; } = new();

    public TimeProvider Clock { get; }

    public GrainOptions Options { get; }

    public ConcurrentQueue<RuntimeFault> Faults { get; } = [];

    public GrainSilo Silo { get; private set; }

    public WalletClient Wallet => new(Silo);

    public BundleClient Bundle => new(Silo);

    public BundleLedgerClient Ledger => new(Silo);

    public StreamClient Stream => new(Silo);

    public SessionClient Session => new(Silo);

    public RegistryClient Registry => new(Silo);

    public LockClient Lock => new(Silo);

    public CertificateAuthorityClient Authority => new(Silo);

    public GatewayClient Gateway => new(Silo);

    /// <summary>Leaves the running silo and starts another, on the fixture's store or one in front of it.</summary>
    public void Restart(IGrainStore? store = null) => Silo = Start(store ?? Store);

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }
    }

    public static async Task<XtmpException> RefusedAsync<T>(XtmpErrorCode code, ValueTask<T> call, string? field = null)
    {
        var error = await Assert.ThrowsAsync<XtmpException>(() => call.AsTask());
        Assert.Equal(code, error.Code);
        Assert.Equal(field, error.Field);
        return error;
    }

    private GrainSilo Start(IGrainStore store)
    {
        var silo = GrainSilo.StartAsync(
            store,
            builder => builder.AddSiloGrains(Options),
            new RuntimeOptions { OutboxRetryMin = TimeSpan.FromSeconds(1), OnFault = Faults.Enqueue },
            Clock).GetAwaiter().GetResult();
        _silos.Add(silo);
        return silo;
    }
}
