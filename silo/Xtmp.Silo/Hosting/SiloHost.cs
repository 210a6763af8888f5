using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>
/// A silo without a host of its owner's: for tests, examples, and programs that are none. It takes no signals: its owner
/// stops it. A program with a Generic Host adds the silo to that (<see cref="XtmpSiloExtensions.AddXtmpSilo"/>).
/// </summary>
public sealed class SiloHost : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly XtmpSilo _silo;

    private SiloHost(IHost host, XtmpSilo silo)
    {
        _host = host;
        _silo = silo;
        Completion = CompleteAsync();
    }

    /// <summary>
    /// Completes when the silo has stopped: because its owner asked for it, or by itself. Then it fails with the
    /// <see cref="XtmpException"/> that says why: the other silos of its cluster have declared this one dead, for one.
    /// </summary>
    public Task Completion { get; }

    /// <inheritdoc cref="XtmpSilo.EndPoint"/>
    public IPEndPoint EndPoint => _silo.EndPoint;

    /// <inheritdoc cref="XtmpSilo.DatagramEndPoint"/>
    public IPEndPoint? DatagramEndPoint => _silo.DatagramEndPoint;

    /// <inheritdoc cref="XtmpSilo.WebSocketEndPoint"/>
    public IPEndPoint? WebSocketEndPoint => _silo.WebSocketEndPoint;

    /// <inheritdoc cref="XtmpSilo.AdminEndPoint"/>
    public IPEndPoint? AdminEndPoint => _silo.AdminEndPoint;

    /// <inheritdoc cref="XtmpSilo.Fingerprint"/>
    public Fingerprint Fingerprint => _silo.Fingerprint;

    /// <inheritdoc cref="XtmpSilo.Network"/>
    public string Network => _silo.Network;

    internal XtmpSilo Silo => _silo;

    internal RateSharing? RateSharing => _silo.RateSharing;

    /// <inheritdoc cref="XtmpSilo.Invoker"/>
    public ICallInvoker Invoker => _silo.Invoker;

    /// <summary>Opens the store, starts the engine and listens.</summary>
    /// <param name="options">How the silo is put together.</param>
    /// <param name="loggerFactory">Where it logs; null: nowhere. Stays the caller's.</param>
    /// <param name="handlers">Message types and handlers beside the built-in ones.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    /// <exception cref="XtmpException">Local fault: an option, the data directory, the identity, the database or a port cannot be used; the message says which.</exception>
    public static async Task<SiloHost> StartAsync(
        SiloOptions options, ILoggerFactory? loggerFactory = null, IEnumerable<SiloHandlers>? handlers = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddSingleton(loggerFactory ?? NullLoggerFactory.Instance);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.Services.AddXtmpSilo();
        builder.Services.AddSingleton(Options.Create(options));
        foreach (var own in handlers ?? [])
        {
            builder.Services.AddSingleton(own);
        }

        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            return new SiloHost(host, host.Services.GetRequiredService<XtmpSilo>());
        }
        catch
        {
            await DisposeAsync(host).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc cref="XtmpSilo.StopAsync"/>
    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);

        // The owner that stops a silo need not look at how it ended.
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsync(_host).ConfigureAwait(false);
    }

    private async Task CompleteAsync()
    {
        await _host.WaitForShutdownAsync().ConfigureAwait(false);
        if (_silo.Failure is { } failure)
        {
            throw failure;
        }
    }

    private static ValueTask DisposeAsync(IHost host) => ((IAsyncDisposable)host).DisposeAsync();
}
