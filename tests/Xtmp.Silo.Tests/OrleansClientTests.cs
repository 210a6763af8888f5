using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.TestKit;

namespace Xtmp.Silo.Tests;

/// <summary>A web API in front of a cluster: an Orleans client outside the silo, and the generated clients over it.</summary>
public sealed class OrleansClientTests(PostgresServer server) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-client-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task a_web_api_outside_the_silo_calls_grains_with_the_generated_clients()
    {
        var (root, data, api) = (PathOf("root"), PathOf("silo"), PathOf("api"));
        ClusterKeys.Init(root, "example");
        ClusterKeys.Join(root, data, TimeSpan.FromDays(1), TimeProvider.System);
        ClusterKeys.Join(root, api, TimeSpan.FromDays(1), TimeProvider.System);
        var clientPort = Loopback.FreePort();
        var database = await server.NewDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            DataDirectory = data,
            Grains = options.Grains with { Network = "example" },
            Cluster = new ClusterSettings { ConnectionString = database, EndPoint = new IPEndPoint(IPAddress.Loopback, Loopback.FreePort()), ClientPort = clientPort, ProbeInterval = TimeSpan.FromSeconds(10) },
        });

        using var identity = ClusterIdentity.Load(api);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Host.UseOrleansClient(client => client.UseXtmpClient(identity.Cluster, [new IPEndPoint(IPAddress.Loopback, clientPort)], identity.Traffic));
        await using var web = builder.Build();
        web.MapGet("/wallets/{id}", async (string id, ICallInvoker invoker) =>
        {
            try
            {
                var balance = await new WalletClient(invoker).BalanceAsync(new WalletBalance { Wallet = Convert.FromHexString(id) });
                return Results.Json(new { balance.Balance, balance.Nonce });
            }
            catch (XtmpException error) when (error is { Fault: Fault.Peer, Retryable: false })
            {
                return Results.Json(new { error.Code }, statusCode: StatusCodes.Status404NotFound);
            }
        });
        web.MapGet("/names/{name}", async (string name, ICallInvoker invoker) => Results.Json(new { (await new RegistryClient(invoker).QueryAsync(new RegistryQuery { Name = name })).Name }));
        await web.StartAsync(TestContext.Current.CancellationToken);

        var address = web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        Assert.Equal("{\"name\":\"nobody\"}", await http.GetStringAsync("/names/nobody", TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync($"/wallets/{new string('a', 64)}", TestContext.Current.CancellationToken)).StatusCode);
        await web.StopAsync(TestContext.Current.CancellationToken);
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}
