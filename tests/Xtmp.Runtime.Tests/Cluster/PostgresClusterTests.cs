using System.Net;
using Orleans;
using Orleans.Runtime;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using Xtmp.TestKit.Probes;
using Xunit;

namespace Xtmp.Runtime.Tests;

/// <summary>Membership in PostgreSQL: the table by Orleans' contract, and silos that find each other by it.</summary>
public sealed class PostgresClusterTests(PostgresServer server)
{
    [Fact]
    public async Task a_row_is_inserted_and_updated_only_over_the_version_that_was_read()
    {
        await using var table = await OpenAsync(await server.NewDatabaseAsync());
        var (one, two) = (Entry(1), Entry(2));
        var before = await table.ReadAll();
        Assert.Empty(before.Members);
        Assert.True(await table.InsertRow(one, before.Version.Next()));
        Assert.False(await table.InsertRow(two, before.Version.Next()));
        var second = await table.ReadAll();
        Assert.False(await table.InsertRow(one, second.Version.Next()));
        Assert.True(await table.InsertRow(two, second.Version.Next()));

        var third = await table.ReadAll();
        Assert.Equal(2, third.Members.Count);
        Assert.Equal(before.Version.Version + 2, third.Version.Version);
        var (entry, etag) = third.TryGet(two.SiloAddress)!;
        Assert.Equal(SiloStatus.Joining, entry.Status);
        Assert.Equal(two.ToFullString(), entry.ToFullString());
        entry.Status = SiloStatus.Active;
        entry.AddOrUpdateSuspector(one.SiloAddress, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), 2);
        Assert.True(await table.UpdateRow(entry, etag, third.Version.Next()));
        Assert.False(await table.UpdateRow(entry, etag, third.Version.Next()));
        var fourth = await table.ReadRow(two.SiloAddress);
        Assert.False(await table.UpdateRow(entry, etag, fourth.Version.Next()));
        var (updated, _) = Assert.Single(fourth.Members);
        Assert.Equal(SiloStatus.Active, updated.Status);
        Assert.Equal(entry.SuspectTimes, updated.SuspectTimes);
    }

    [Fact]
    public async Task a_heartbeat_changes_no_version_and_the_dead_are_swept()
    {
        await using var table = await OpenAsync(await server.NewDatabaseAsync());
        var entry = Entry(1);
        Assert.True(await table.InsertRow(entry, (await table.ReadAll()).Version.Next()));
        var before = await table.ReadAll();
        entry.IAmAliveTime = entry.IAmAliveTime.AddMinutes(1);
        await table.UpdateIAmAlive(entry);
        var after = await table.ReadAll();
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(before.Members[0].Item2, after.Members[0].Item2);
        Assert.Equal(entry.IAmAliveTime, after.Members[0].Item1.IAmAliveTime);

        await table.CleanupDefunctSiloEntries(entry.IAmAliveTime.AddHours(1));
        Assert.Single((await table.ReadAll()).Members);
        entry.Status = SiloStatus.Dead;
        Assert.True(await table.UpdateRow(entry, after.Members[0].Item2, after.Version.Next()));
        await table.CleanupDefunctSiloEntries(entry.IAmAliveTime);
        Assert.Single((await table.ReadAll()).Members);
        await table.CleanupDefunctSiloEntries(entry.IAmAliveTime.AddHours(1));
        Assert.Empty((await table.ReadAll()).Members);
    }

    [Fact]
    public async Task of_many_changes_of_one_version_one_happens()
    {
        var database = await server.NewDatabaseAsync();
        await using var table = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        for (var round = 0; round < 10; round++)
        {
            var version = (await table.ReadAll()).Version.Next();
            var happened = await Task.WhenAll(Enumerable.Range(0, 8).Select(silo => (silo % 2 == 0 ? table : other).InsertRow(Entry((round * 8) + silo), version)));
            Assert.Single(happened, true);
        }

        Assert.Equal(10, (await other.ReadAll()).Members.Count);
    }

    [Fact]
    public async Task clusters_of_other_names_do_not_meet()
    {
        var database = await server.NewDatabaseAsync();
        await using var one = await OpenAsync(database, "one");
        await using var two = await OpenAsync(database, "two");
        Assert.True(await one.InsertRow(Entry(1), (await one.ReadAll()).Version.Next()));
        Assert.Empty((await two.ReadAll()).Members);
        await two.DeleteMembershipTableEntries("two");
        Assert.Single((await one.ReadAll()).Members);
    }

    [Fact]
    public async Task silos_find_each_other_and_one_that_stops_leaves_its_grains_to_the_others()
    {
        var database = await server.NewDatabaseAsync();
        var scripts = new ProbeScripts();
        scripts["silo"] = static (grain, _, _) => new(ProbeGrain.Reply(grain.Instance));
        await using var storeOfOne = await PostgresGrainStore.OpenAsync(database);
        await using var storeOfTwo = await PostgresGrainStore.OpenAsync(database);
        await using var one = await StartAsync(database, storeOfOne, scripts);
        var two = await StartAsync(database, storeOfTwo, scripts);
        await using (two)
        {
            for (var grain = 0; grain < 60; grain++)
            {
                await AddAsync(grain % 2 == 0 ? one : two, grain);
                await AddAsync(grain % 2 == 0 ? two : one, grain);
            }

            // Each grain is in one of the two.
            Assert.Equal(60, one.ActivationCount + two.ActivationCount);
            Assert.InRange(one.ActivationCount, 5, 55);
        }

        for (var grain = 0; grain < 60; grain++)
        {
            Assert.Equal(3, (await AddAsync(one, grain)).Number);
        }
    }

    [Fact]
    public async Task refuses_plain_traffic_that_nobody_allowed_and_addresses_that_nobody_reaches()
    {
        var settings = new ClusterSettings { ConnectionString = "Host=db", EndPoint = new IPEndPoint(IPAddress.Loopback, 1) };
        await using var store = new MemoryGrainStore { IsShared = true };
        foreach (var (wrong, field) in new[]
        {
            (settings, "plain_traffic"),
            (settings with { AllowPlainTraffic = true, EndPoint = new IPEndPoint(IPAddress.Any, 1) }, "end_point"),
            (settings with { AllowPlainTraffic = true, ConnectionString = "no such key=1" }, "connection_string"),
            (settings with { AllowPlainTraffic = true, Name = "" }, "name"),
        })
        {
            var error = await Assert.ThrowsAsync<XtmpException>(() => GrainSilo.StartAsync(store, _ => { }, cluster: wrong));
            Assert.Equal((XtmpErrorCode.PayloadInvalid, field), (error.Code, error.Field));
        }
    }

    private static ValueTask<ProbeReply> AddAsync(GrainSilo silo, int grain) => new ProbeClient(silo).RunAsync(new ProbeCall { Key = $"g{grain}", Script = "add", Number = 1 });

    private static Task<GrainSilo> StartAsync(string database, IGrainStore store, ProbeScripts scripts) =>
        GrainSilo.StartAsync(store, scripts.Register, cluster: new ClusterSettings { ConnectionString = database, EndPoint = new IPEndPoint(IPAddress.Loopback, FreePort()), AllowPlainTraffic = true, ProbeInterval = TimeSpan.FromSeconds(10) });

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<PostgresMembershipTable> OpenAsync(string database, string name = "xtmp")
    {
        var table = new PostgresMembershipTable(new ClusterSettings { ConnectionString = database, EndPoint = new IPEndPoint(IPAddress.Loopback, 1), Name = name });
        await table.InitializeMembershipTable(true);
        return table;
    }

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 10_000 + number, 7),
        Status = SiloStatus.Joining,
        HostName = "host",
        SiloName = $"silo {number}",
        RoleName = "role",
        ProxyPort = 5,
        SuspectTimes = [],
        StartTime = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 1, 1, 0, 0, 1, DateTimeKind.Utc),
    };
}
