using System.Net;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Two silos of one cluster in this process, and clients that go from one to the other.</summary>
public sealed class ClusterSessionTests(PostgresServer server) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-cluster-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task a_session_of_one_silo_is_resumed_at_another()
    {
        var database = await server.NewDatabaseAsync();
        await using var one = await StartAsync(database, "one");
        await using var two = await StartAsync(database, "two");
        Assert.Equal(one.Host.Fingerprint, two.Host.Fingerprint);
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        SessionTicket ticket;
        await using (var first = await RawPeer.EstablishAsync(one, identity))
        {
            ticket = (await first.ReceiveUntilAsync(SessionEventKind.TicketReceived)).Ticket!;
        }

        await using var second = await RawPeer.ConnectAsync(two, identity, ticket);
        await second.SendAsync(second.Take());
        await second.ReceiveUntilAsync(SessionEventKind.Established);
        await second.SendAsync(second.Take());
        Assert.True(second.Session.Established!.Resumed);
        Assert.Equal(identity.Public.Fingerprint, second.Session.Established.ClientFingerprint);
        second.Session.SendRequest(new RegistryQuery { Name = "nobody" }, default);
        await second.SendAsync(second.Take());
        await second.ReceiveUntilAsync(SessionEventKind.Response);
    }

    [Fact]
    public async Task what_a_caller_used_at_one_silo_is_missing_at_the_other()
    {
        var limits = RateLimits.None with { Identity = new CostRates { Read = new(0.001, 5) } };
        var database = await server.NewDatabaseAsync();
        await using var one = await StartAsync(database, "one", limits);
        await using var two = await StartAsync(database, "two", limits);
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using (var client = await one.ConnectAsync(identity))
        {
            for (var call = 0; call < 3; call++)
            {
                await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
            }
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (two.Host.RateSharing!.Received < 3)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await using var elsewhere = await two.ConnectAsync(identity);
        for (var call = 0; call < 2; call++)
        {
            await elsewhere.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
        }

        var error = await Assert.ThrowsAsync<XtmpException>(async () => await elsewhere.Registry.QueryAsync(new RegistryQuery { Name = "nobody" }));
        Assert.Equal((XtmpErrorCode.Overloaded, true), (error.Code, error.Retryable));
    }

    public enum Intruder
    {
        OfAnotherRoot,
        InTheClear,
        Withdrawn,
    }

    [Theory]
    [InlineData(Intruder.OfAnotherRoot)]
    [InlineData(Intruder.InTheClear)]
    [InlineData(Intruder.Withdrawn)]
    public async Task a_silo_of_another_root_in_the_clear_or_withdrawn_does_not_get_in(Intruder intruder)
    {
        var database = await server.NewDatabaseAsync();
        var root = intruder == Intruder.OfAnotherRoot ? "another root" : "root";
        var silo = Join("intruder", root);
        await using var one = await StartAsync(database, "one", withdrawn: intruder == Intruder.Withdrawn ? [silo] : []);
        var error = await Assert.ThrowsAsync<XtmpException>(() => StartAsync(database, "intruder", root: root, plain: intruder == Intruder.InTheClear, patience: TimeSpan.FromSeconds(3)));
        Assert.Equal((XtmpErrorCode.ConnectFailed, Fault.Network), (error.Code, error.Fault));
        Assert.Contains("could not join the cluster 'example'", error.Message, StringComparison.Ordinal);
        await one.Log.WaitForAsync(line => line.Contains("connection of a silo from", StringComparison.Ordinal) && line.Contains(" refused: ", StringComparison.Ordinal));

        // The silo that was there goes on.
        await using var client = await one.ConnectAsync();
        await client.Registry.QueryAsync(new RegistryQuery { Name = "nobody" });
    }

    private Fingerprint Join(string name, string root)
    {
        var rootDirectory = Path.Combine(_directory.FullName, root);
        if (!Directory.Exists(rootDirectory))
        {
            ClusterKeys.Init(rootDirectory, "example");
        }

        return ClusterKeys.Join(rootDirectory, Path.Combine(_directory.FullName, name), TimeSpan.FromDays(1), TimeProvider.System).Silo;
    }

    private Task<TestSilo> StartAsync(string database, string name, RateLimits? limits = null, string root = "root", bool plain = false, TimeSpan? patience = null, Fingerprint[]? withdrawn = null)
    {
        Join(name, root);
        return TestSilo.StartAsync(options => options with
        {
            DataDirectory = Path.Combine(_directory.FullName, name),
            WithdrawnSilos = withdrawn ?? [],
            Gateway = options.Gateway with { Rates = limits ?? options.Gateway.Rates },
            Grains = options.Grains with { Network = "example" },
            Cluster = new ClusterSettings
            {
                ConnectionString = database,
                Name = "example",
                EndPoint = new IPEndPoint(IPAddress.Loopback, Loopback.FreePort()),
                AllowPlainTraffic = plain,
                ProbeInterval = TimeSpan.FromSeconds(10),
                JoinPatience = patience ?? TimeSpan.FromSeconds(30),
            },
        });
    }
}
