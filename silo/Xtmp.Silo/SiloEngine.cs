using Microsoft.Extensions.Logging;
using Xtmp.Crypto;
using Xtmp.Engine;
using Xtmp.Grains;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>The embedded engine on a SQLite file, with the silo's own grains and whatever its host adds.</summary>
internal sealed partial class SiloEngine : IAsyncDisposable
{
    private readonly IGrainStore _store;
    private readonly EmbeddedEngine _engine;
    private readonly TimeSpan _drainTimeout;

    private SiloEngine(IGrainStore store, EmbeddedEngine engine, string network, TimeSpan drainTimeout)
    {
        Network = network;
        _store = store;
        _engine = engine;
        _drainTimeout = drainTimeout;
    }

    public ICallInvoker Invoker => _engine;

    public string Network { get; }

    public static async Task<SiloEngine> StartAsync(SiloOptions options, Fingerprint identity, IEnumerable<SiloHandlers> handlers, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        var logger = loggerFactory.CreateLogger("Xtmp.Engine");
        var grains = options.Grains.Network.Length == 0 ? options.Grains with { Network = NetworkName.Of(identity) } : options.Grains;
        if (!NetworkName.IsValid(grains.Network))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"The network's name must be 1 to {NetworkName.MaxBytes} bytes of UTF-8 without control characters.", "network");
        }

        var registry = SiloGrains.Register(new GrainRegistry(), grains);
        foreach (var own in handlers)
        {
            own.Register(registry);
        }

        var store = SqliteGrainStore.Open(Path.Combine(options.DataDirectory, "grains.db"));
        var engine = new EmbeddedEngine(registry, store, new EmbeddedEngineOptions
        {
            TimeProvider = options.TimeProvider,
            OnFault = fault => LogFault(logger, fault.Exception, fault.Grain?.ToString() ?? "engine", fault.Text),
        });
        var started = new SiloEngine(store, engine, grains.Network, options.DrainTimeout);
        try
        {
            await engine.StartAsync(cancellationToken).ConfigureAwait(false);
            return started;
        }
        catch
        {
            await started.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(_drainTimeout);
        await _engine.StopAsync(patience.Token).ConfigureAwait(false);
        await _engine.DisposeAsync().ConfigureAwait(false);
        await _store.DisposeAsync().ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Grain}: {Text}")]
    private static partial void LogFault(ILogger logger, Exception? exception, string grain, string text);
}
