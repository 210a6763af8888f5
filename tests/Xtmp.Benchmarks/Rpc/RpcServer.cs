using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xtmp.Benchmarks.Echo;
using Xtmp.Gateway;
using Xtmp.Runtime;
using Xtmp.Silo;

namespace Xtmp.Benchmarks;

/// <summary>
/// The server process of the rpc benches: a silo with the echo grain, where every call passes every limit, and one where none is
/// counted; gRPC and JSON on Kestrel over TLS 1.3, and an echo of bytes over SslStream.
/// </summary>
internal static class RpcServer
{
    public const string Verb = "serve-rpc";

    public static async Task<int> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-rpc-");
        try
        {
            using var certificate = LocalCertificate.Create();
            await using var silo = await StartSiloAsync(directory.CreateSubdirectory("limited"), Limited);
            await using var unlimited = await StartSiloAsync(directory.CreateSubdirectory("unlimited"), Unlimited);
            await using var web = await StartWebAsync(certificate);
            var addresses = web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Select(address => new Uri(address).Port).ToArray();
            using var tls = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tls.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            tls.Listen(1024);
            _ = AcceptAsync(tls, certificate);
            await BenchChild.ServeAsync($"{silo.EndPoint.Port} {silo.Fingerprint} {addresses[0]} {addresses[1]} {((IPEndPoint)tls.LocalEndPoint!).Port} {unlimited.EndPoint.Port} {unlimited.Fingerprint}");
            return 0;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>All limits of a silo, set where the benches do not meet them: each call takes a token of every bucket.</summary>
    private static GatewayOptions Limited
    {
        get
        {
            var rate = new Rate(1e9, 1e9);
            var rates = new CostRates { Read = rate, Verify = rate, Create = rate };
            return new GatewayOptions
            {
                Rates = new RateLimits { Session = rates, Anonymous = rates, Identity = rates, Address = rates, Total = rates },
                MaxHandshakes = int.MaxValue,
                MaxHandshakesPerAddress = int.MaxValue,
                MaxConnectionsPerAddress = int.MaxValue,
            };
        }
    }

    /// <summary>Nothing is counted where the gateway lets it be so: no memory, no calls of a session, no rates.</summary>
    private static GatewayOptions Unlimited => Limited with { Rates = RateLimits.None, MemoryBudgetBytes = long.MaxValue, MaxRunningCalls = int.MaxValue, MaxRunningCallsAnonymous = int.MaxValue };

    private static Task<SiloHost> StartSiloAsync(DirectoryInfo directory, GatewayOptions gateway) => SiloHost.StartAsync(
        new SiloOptions { DataDirectory = directory.FullName, Port = 0, Gateway = gateway },
        handlers: [new SiloHandlers(BenchCatalogue.Schema, silo => silo.AddXtmpGrain<EchoGrain>())]);

    private static async Task<WebApplication> StartWebAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1024;
            foreach (var protocols in (ReadOnlySpan<HttpProtocols>)[HttpProtocols.Http2, HttpProtocols.Http1])
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = protocols;
                    listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate, SslProtocols = SslProtocols.Tls13 });
                });
            }
        });
        var web = builder.Build();
        web.MapGrpcService<GrpcEcho>();
        web.MapPost("/echo", (RequestDelegate)EchoAsync);
        await web.StartAsync();
        return web;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        var request = await JsonSerializer.DeserializeAsync(context.Request.Body, JsonEchoContext.Default.JsonEchoRequest, context.RequestAborted);
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.BodyWriter, new JsonEchoReply(request!.Body), JsonEchoContext.Default.JsonEchoReply, context.RequestAborted);
    }

    private static async Task AcceptAsync(Socket listener, X509Certificate2 certificate)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = Task.Run(async () =>
            {
                try
                {
                    await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
                    await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 });
                    var buffer = new byte[64 * 1024];
                    int count;
                    while ((count = await stream.ReadAsync(buffer)) > 0)
                    {
                        await stream.WriteAsync(buffer.AsMemory(0, count));
                    }
                }
                catch (Exception error) when (error is IOException or SocketException or AuthenticationException)
                {
                    // A client that is done closes as it likes.
                }
            });
        }
    }
}
