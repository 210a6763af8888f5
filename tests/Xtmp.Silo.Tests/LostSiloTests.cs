using System.Net;
using Npgsql;
using Orleans.Runtime;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.TestKit;

namespace Xtmp.Silo.Tests;

/// <summary>What a silo does that the others have declared dead while it runs.</summary>
public sealed class LostSiloTests(PostgresServer server) : IDisposable
{
    private const int LostExitCode = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-lost-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task a_silo_in_a_program_ends_and_tells_it_and_the_program_goes_on()
    {
        var database = await server.NewDatabaseAsync();
        await using var silo = await TestSilo.StartAsync(options => options with
        {
            DataDirectory = _directory.FullName,
            Grains = options.Grains with { Network = "example" },
            Cluster = new ClusterSettings
            {
                ConnectionString = database,
                EndPoint = new IPEndPoint(IPAddress.Loopback, Loopback.FreePort()),
                AllowPlainTraffic = true,
                ProbeInterval = TimeSpan.FromMilliseconds(200),
            },
        });
        await using (var client = await silo.ConnectAsync())
        {
            await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
            Assert.False(silo.Host.Completion.IsCompleted);
            await DeclareDeadAsync(database);
            var lost = await Assert.ThrowsAsync<XtmpException>(() => silo.Host.Completion.WaitAsync(Patience));
            Assert.Equal((XtmpErrorCode.ShuttingDown, Fault.Local), (lost.Code, lost.Fault));
            Assert.StartsWith("The silo cannot go on and has ended: ", lost.Message, StringComparison.Ordinal);
            await silo.Log.WaitForAsync(line => line.Contains("The silo cannot go on", StringComparison.Ordinal));
        }

        var refused = await Assert.ThrowsAsync<XtmpException>(async () => await new RegistryClient(silo.Host.Invoker).QueryAsync(new RegistryQuery { Name = "nobody" }));
        Assert.Equal((XtmpErrorCode.ShuttingDown, true), (refused.Code, refused.Retryable));
    }

    [Fact]
    public async Task the_process_exits_with_3_and_says_why()
    {
        var database = await server.NewDatabaseAsync();
        await using var silo = await SiloProcess.StartAsync(
            _directory.FullName,
            "--cluster", database, "--silo-endpoint", $"127.0.0.1:{Loopback.FreePort()}", "--network", "example", "--plain-silo-traffic");
        await DeclareDeadAsync(database);
        var (exitCode, errors) = await silo.WaitForExitAsync();
        Assert.Equal(LostExitCode, exitCode);
        Assert.StartsWith("xtmp-silo: The silo cannot go on and has ended: ", errors, StringComparison.Ordinal);
    }

    /// <summary>As the others of a cluster do when a silo misses their probes.</summary>
    private static async Task DeclareDeadAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand($"UPDATE xtmp_cluster SET version = version + 1; UPDATE xtmp_silo SET status = {(int)SiloStatus.Dead}, etag = etag + 1");
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
