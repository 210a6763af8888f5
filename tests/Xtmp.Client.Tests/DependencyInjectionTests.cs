using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xtmp.TestKit;

namespace Xtmp.Client.Tests;

/// <summary>The client in a container.</summary>
public sealed class DependencyInjectionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly string Pinned = TestIdentities.Server.Public.Fingerprint.ToString();

    [Fact]
    public async Task a_container_makes_one_connection_and_disposes_it()
    {
        XtmpConnection connection;
        await using (var services = new ServiceCollection().AddLogging().AddMetrics().AddXtmpClient(settings => settings.ServerFingerprint = Pinned).BuildServiceProvider())
        {
            connection = services.GetRequiredService<XtmpConnection>();
            Assert.Same(connection, services.GetRequiredService<XtmpConnection>());
            Assert.Equal(XtmpConnectionState.Connecting, connection.State);
        }

        Assert.Equal(XtmpConnectionState.Closed, connection.State);
    }

    public static TheoryData<string, Action<XtmpClientSettings>> Wrong() => new()
    {
        { "Nothing says which server to trust", _ => { } },
        { "ServerFingerprint is not 64 hex digits", settings => settings.ServerFingerprint = "abc" },
        { "'http://silo' has the scheme 'http'", settings => (settings.ServerFingerprint, settings.Endpoint) = (Pinned, "http://silo") },
        { "PoolSize must be from 1 to 64", settings => (settings.ServerFingerprint, settings.PoolSize) = (Pinned, 65) },
        { "IdentityFile names '/nowhere/me.pem'", settings => (settings.ServerFingerprint, settings.IdentityFile) = (Pinned, "/nowhere/me.pem") },
        { "MaxWaitingCalls and StreamWindow must be positive", settings => (settings.ServerFingerprint, settings.Configure) = (Pinned, options => options with { StreamWindow = 0 }) },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public async Task settings_that_cannot_work_fail_when_the_host_starts(string mention, Action<XtmpClientSettings> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddXtmpClient(configure);
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains(mention, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task health_follows_the_connection()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        var options = new XtmpClientOptions { ServerFingerprint = TestIdentities.Server.Public.Fingerprint, ReconnectDelay = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.FromHours(1) };
        await using var connection = new XtmpConnection([new("server.test", 1)], options, server.DialAsync);
        await using var services = Checked(collection => collection.AddSingleton(connection));
        var checks = services.GetRequiredService<HealthCheckService>();

        // Nobody has used it: the check opens it.
        var report = await checks.CheckHealthAsync().WaitAsync(Patience);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal(1, server.Attempts);

        server.RefuseNext = int.MaxValue;
        var lost = connection.WaitForStateAsync(XtmpConnectionState.Reconnecting);
        (await server.AcceptAsync()).Cut();
        await lost.WaitAsync(Patience);
        report = await checks.CheckHealthAsync().WaitAsync(Patience);
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.StartsWith("Reconnecting: ", report.Entries["xtmp"].Description, StringComparison.Ordinal);

        await connection.DisposeAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await checks.CheckHealthAsync().WaitAsync(Patience)).Status);
    }

    [Fact]
    public async Task health_of_a_silo_that_nobody_runs_says_why()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        await using var services = Checked(collection => collection.AddXtmpClient(settings => (settings.ServerFingerprint, settings.Endpoint) = (Pinned, $"xtmp://127.0.0.1:{port}")));
        var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync().WaitAsync(Patience);
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Equal(XtmpErrorCode.ConnectFailed, Assert.IsType<XtmpException>(report.Entries["xtmp"].Exception).Code);
    }

    private static ServiceProvider Checked(Action<IServiceCollection> add)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        add(services);
        services.AddHealthChecks().AddXtmpClient();
        return services.BuildServiceProvider();
    }
}
