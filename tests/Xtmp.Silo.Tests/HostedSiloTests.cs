using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xtmp.Client;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;

namespace Xtmp.Silo.Tests;

/// <summary>A silo in somebody's Generic Host.</summary>
public sealed class HostedSiloTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-hosted-");

    [Fact]
    public async Task starts_serves_drains_and_logs_with_its_host()
    {
        var log = new LogCapture();
        var builder = NewHost(log);
        builder.Services.AddXtmpSilo(silo =>
        {
            silo.DataDirectory = _directory.FullName;
            silo.Port = 0;
        });
        using var host = builder.Build();
        var silo = host.Services.GetRequiredService<XtmpSilo>();
        Assert.Throws<InvalidOperationException>(() => silo.EndPoint);
        await host.StartAsync();
        await using (var client = await XtmpConnection.ConnectAsync($"xtmp://{silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = silo.Fingerprint }))
        {
            await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        }

        await host.StopAsync();
        Assert.Contains(log.Lines, line => line.StartsWith($"serving on {silo.EndPoint}, fingerprint {silo.Fingerprint}", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.StartsWith("draining: no new connections", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.StartsWith("stopped", StringComparison.Ordinal));
    }

    [Fact]
    public async Task lists_everything_that_is_wrong_with_its_options()
    {
        var builder = NewHost(new LogCapture());
        builder.Services.AddXtmpSilo(silo =>
        {
            silo.DataDirectory = " ";
            silo.Port = 70_000;
            silo.Admin = new IPEndPoint(IPAddress.Any, 7779);
            silo.Cluster = new ClusterSettings { ConnectionString = "Host=db", EndPoint = new IPEndPoint(IPAddress.Loopback, 0), AllowPlainTraffic = true };
        });
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal(5, error.Failures.Count());
    }

    [Fact]
    public async Task a_start_that_fails_leaves_the_directory_free()
    {
        await using var other = await TestSilo.StartAsync();
        var options = new SiloOptions { DataDirectory = _directory.FullName, Port = other.Host.EndPoint.Port };
        var error = await Assert.ThrowsAsync<XtmpException>(() => SiloHost.StartAsync(options));
        Assert.Equal("port", error.Field);
        await using var silo = await SiloHost.StartAsync(options with { Port = 0 });
        Assert.NotEqual(0, silo.EndPoint.Port);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static HostApplicationBuilder NewHost(LogCapture log)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.AddSingleton<ILoggerFactory>(log);
        return builder;
    }
}
