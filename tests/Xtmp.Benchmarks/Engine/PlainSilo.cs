using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Xtmp.Benchmarks;

/// <summary>An Orleans silo as its own documentation makes one, for the peer.</summary>
internal sealed class PlainSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private PlainSilo(IHost host)
    {
        _host = host;
        Grains = host.Services.GetRequiredService<IGrainFactory>();
    }

    public IGrainFactory Grains { get; }

    public static async Task<PlainSilo> StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort(), FreePort());

            // Our own grain classes of this assembly are not the peer's.
            silo.Services.AddOptions<Orleans.Serialization.Configuration.TypeManifestOptions>().PostConfigure(manifest =>
                manifest.InterfaceImplementations.RemoveWhere(type => type.IsSubclassOf(typeof(Runtime.XtmpGrain))));
        });
        var host = builder.Build();
        await host.StartAsync();
        return new PlainSilo(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
