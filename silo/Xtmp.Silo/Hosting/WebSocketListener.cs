using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xtmp.Gateway;
using Xtmp.Runtime;

namespace Xtmp.Silo;

/// <summary>The WebSocket gateway's listener, on Kestrel.</summary>
internal sealed class WebSocketListener : IAsyncDisposable
{
    private const int TransportBufferSize = 64 * 1024;

    // What a WebSocket's request may have in front of the upgrade.
    private const int MaxHeaderBytes = 16 * 1024;

    // Beyond the drain, Kestrel gets this long to release its connections before it aborts them.
    private static readonly TimeSpan AbortMargin = TimeSpan.FromSeconds(1);

    private readonly WebApplication _application;

    private WebSocketListener(WebApplication application, IPEndPoint endPoint)
    {
        _application = application;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>One WebSocket, one session.</summary>
    public static async Task<WebSocketListener> StartAsync(IPEndPoint endPoint, SiloOptions options, WebSocketGateway gateway, ILoggerFactory loggerFactory, CancellationToken cancellationToken)
    {
        // An empty builder: no configuration files or variables of the surrounding program reach the silo's listener.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + AbortMargin);

        // What the transport keeps of a connection that is not read is outside of the memory budget: little.
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.MaxReadBufferSize = TransportBufferSize;
            sockets.MaxWriteBufferSize = TransportBufferSize;

            // The thread that has received goes on with the session: no hop between the transport and the pump.
            sockets.UnsafePreferInlineScheduling = true;
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = options.Gateway.FirstByteTimeout;
            kestrel.Limits.KeepAliveTimeout = options.Gateway.FirstByteTimeout;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(gateway.Admit);
            });
        });
        var application = builder.Build();
        application.UseWebSockets();
        application.Run(gateway.HandleAsync);
        try
        {
            await XtmpSilo.ListenAsync(application.StartAsync(cancellationToken), endPoint, "websocket").ConfigureAwait(false);
            var bound = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
            return new WebSocketListener(application, new IPEndPoint(endPoint.Address, new Uri(bound).Port));
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Accepts no more, and waits for the sessions to drain.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }
}
