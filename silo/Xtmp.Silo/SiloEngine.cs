using Microsoft.Extensions.Logging;
using Xtmp.Engine;
using Xtmp.Grains;
using Xtmp.Protocol;

namespace Xtmp.Silo;

/// <summary>The embedded engine on a SQLite file, with the silo's own grains and whatever its host adds.</summary>
internal sealed partial class SiloEngine : IAsyncDisposable
{
    private readonly IGrainStore _store;
    private readonly EmbeddedEngine _engine;
    private readonly TimeSpan _drainTimeout;

    private SiloEngine(IGrainStore store, EmbeddedEngine engine, TimeSpan drainTimeout)
    {
        _store = store;
        _engine = engine;
        _drainTimeout = drainTimeout;
    }

    public ICallInvoker Invoker => _engine;

    public static async Task<SiloEngine> StartAsync(SiloOptions options, IEnumerable<SiloHandlers> handlers, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        var logger = loggerFactory.CreateLogger("Xtmp.Engine");
        var registry = SiloGrains.Register(new GrainRegistry(), options.Grains);
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
        var started = new SiloEngine(store, engine, options.DrainTimeout);
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
