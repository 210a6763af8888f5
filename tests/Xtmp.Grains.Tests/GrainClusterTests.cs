using Orleans.Runtime;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.TestKit;
using Xtmp.Testing;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests;

/// <summary>The silo's grains on three silos: what one silo is asked and another one knows.</summary>
public sealed class GrainClusterTests : IAsyncLifetime
{
    private const int Silos = 3;

    private static readonly IdentityKey Root = IdentityKey.Generate(new SeededEntropy(1));

    private readonly GrainOptions _options = new()
    {
        Network = Network,
        OpeningBalance = 1000,
        Entropy = new SeededEntropy(4),
        GatewayPatience = TimeSpan.FromSeconds(20),
        Authorities = new Dictionary<string, AuthorityOptions> { ["root"] = new() { Key = Root } },
    };

    private TestCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.StartAsync(Silos, silo => silo.AddSiloGrains(_options));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void every_grain_says_where_it_is_placed() =>
        Assert.All(typeof(WalletGrain).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(XtmpGrain)) && !type.IsAbstract), grain =>
            Assert.Contains(grain.GetCustomAttributes(inherit: true), attribute => attribute is Orleans.Placement.PlacementAttribute));

    [Fact]
    public async Task wallets_and_sessions_are_where_they_are_called_first_and_names_are_spread()
    {
        const int Each = 3;
        const int Names = 60;
        for (var number = 0; number < Each * Silos; number++)
        {
            var wallet = new TestWallet(100 + (ulong)number);
            await new WalletClient(Invoker(number % Silos)).RegisterAsync(wallet.Registration(), wallet.Context);
            await new SessionClient(Invoker(number % Silos)).OpenedAsync(
                new SessionOpened { SessionId = wallet.Caller.SessionId, PeerAddress = wallet.Caller.PeerAddress, At = DateTimeOffset.UnixEpoch, Gateway = $"g-{number % Silos}" }, wallet.Context);
        }

        for (var number = 0; number < Names; number++)
        {
            await new RegistryClient(Invoker(0)).QueryAsync(new RegistryQuery { Name = $"name{number}" });
        }

        Assert.All(_cluster.Members, member => Assert.Equal((Each, Each), (Count(member, "Wallet"), Count(member, "Session"))));
        Assert.Equal(Names, _cluster.Members.Sum(member => Count(member, "Registry")));
        Assert.All(_cluster.Members, member => Assert.InRange(Count(member, "Registry"), 1, Names - Silos));

        static int Count(TestMember member, string kind) => member.Silo.ReadStatistics().Grains.GetValueOrDefault(kind);
    }

    [Fact]
    public async Task an_operator_at_any_silo_asks_and_closes_a_session_of_another()
    {
        // The gateway of silo 1.
        var context = new CallContext(Caller: new CallerInfo { SessionId = 7, PeerAddress = "192.0.2.1:9" });
        var sessions = new SessionClient(Invoker(1));
        await sessions.OpenedAsync(new SessionOpened { SessionId = 7, PeerAddress = "192.0.2.1:9", At = DateTimeOffset.UnixEpoch, Gateway = "g-1" }, context);
        using var over = new CancellationTokenSource();
        var follows = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gateway = Task.Run(async () =>
        {
            await using var orders = new GatewayClient(Invoker(1)).FollowAsync(new GatewayFollow { Gateway = "g-1" }, over.Token).GetAsyncEnumerator(over.Token);
            var next = orders.MoveNextAsync();
            while (_cluster.Members[1].Silo.Topics is TopicHub { SubscriptionCount: 0 })
            {
                await Task.Yield();
            }

            follows.SetResult();
            Assert.True(await next);
            Assert.Equal((7UL, GatewayOrder.Report), (orders.Current.SessionId, orders.Current.Order));
            await sessions.MeasuredAsync(new SessionMeasured { SessionId = 7, Quality = new ConnectionQuality { LatencyMs = 1.5, PacketLoss = 0, ThroughputMbps = 2, ErrorRate = 0 }, Requests = 4 });
            Assert.True(await orders.MoveNextAsync());
            Assert.Equal((GatewayOrder.Disconnect, "enough"), (orders.Current.Order, orders.Current.Reason));
            await sessions.ClosedAsync(new SessionClosed { SessionId = 7, Code = DisconnectCode.Normal, Reason = "told", Requests = 5, At = DateTimeOffset.UnixEpoch }, context);
        });
        await follows.Task.WaitAsync(Patience);

        // Operators at the two others.
        var info = await new SessionClient(Invoker(2)).InfoQueryAsync(new SessionInfoQuery { SessionId = 7 });
        Assert.Equal((1.5, 4UL), (info.Quality!.LatencyMs, info.Requests));
        Assert.True((await new SessionClient(Invoker(0)).DisconnectAsync(new SessionDisconnect { SessionId = 7, Reason = "enough" })).Closed);
        await gateway.WaitAsync(Patience);
        Assert.NotNull((await new SessionClient(Invoker(2)).InfoQueryAsync(new SessionInfoQuery { SessionId = 7 })).ClosedAt);
    }

    [Fact]
    public async Task who_waits_for_a_lock_gets_it_though_the_space_moves_to_another_silo_meanwhile()
    {
        var (alice, bob) = (new TestWallet(1), new TestWallet(2));
        var space = await SpaceOfAsync(silo: 2, alice);
        var holders = new LockClient(Invoker(0));
        var waiters = new LockClient(Invoker(1));
        var first = await holders.SessionCreateAsync(new LockSessionCreate { Space = space, OperationId = Operation(1), Wallet = alice.Id, Lease = TimeSpan.FromHours(1) }, alice.Context);
        var second = await waiters.SessionCreateAsync(new LockSessionCreate { Space = space, OperationId = Operation(2), Wallet = bob.Id, Lease = TimeSpan.FromHours(1) }, bob.Context);
        var taken = await holders.AcquireAsync(new LockAcquire { Space = space, OperationId = Operation(3), LockSessionId = first.LockSessionId, ResourceIds = ["a"], Wait = TimeSpan.Zero }, alice.Context);
        Assert.Equal(LockOutcome.Granted, taken.Outcome);
        var waiting = waiters.AcquireAsync(new LockAcquire { Space = space, OperationId = Operation(4), LockSessionId = second.LockSessionId, ResourceIds = ["a"], Wait = TimeSpan.FromSeconds(20) }, bob.Context).AsTask();
        await WaitersAsync(holders, space, alice, 1);
        await TestCluster.StopAsync(_cluster.Members[2]);

        // The space has a successor, which the waiter has found.
        await WaitersAsync(holders, space, alice, 1);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(["a"], (await holders.ReleaseAsync(new LockRelease { Space = space, LockSessionId = first.LockSessionId, Held = taken.Held }, alice.Context)).Released);
        var given = await waiting.WaitAsync(Patience);
        Assert.Equal(LockOutcome.Granted, given.Outcome);
        Assert.True(given.Held[0].FencingToken > taken.Held[0].FencingToken);
    }

    [Fact]
    public async Task an_authority_is_one_for_all_silos()
    {
        using var holder = IdentityKey.Generate(new SeededEntropy(3));
        var context = new CallContext(Caller: new CallerInfo { SessionId = 1, PeerAddress = "192.0.2.1:1", IdentityFingerprint = holder.Public.Fingerprint.ToArray() });
        var certificates = new List<Certificate>();
        for (byte silo = 0; silo < Silos; silo++)
        {
            certificates.Add((await new CertificateAuthorityClient(Invoker(silo)).IssueAsync(Request(holder, silo), context)).Certificate);
        }

        Assert.Equal([1UL, 2UL, 3UL], certificates.Select(certificate => certificate.Body.Serial));
        Assert.All(certificates, certificate => Assert.True(CertificateSigning.Verify(certificate, Root.Public)));
        await TestCluster.StopAsync(_cluster.Members[2]);
        for (var silo = 0; silo < 2; silo++)
        {
            var chain = await new CertificateAuthorityClient(Invoker(silo)).ChainAsync(new CertificateChain { Authority = "root", Serial = 3 });
            Assert.Equal((CertificateState.Valid, certificates[2]), (chain.State, chain.Certificate));
        }

        static CertificateIssue Request(IdentityKey holder, byte operation) => CertificateSigning.SignRequest(
            new CertificateIssue
            {
                Authority = "root",
                OperationId = Operation(operation),
                MlDsaKey = default,
                Ed25519Key = default,
                Name = holder.Public.Fingerprint.ToString(),
                Role = CertificateRole.Client,
                Lifetime = TimeSpan.FromDays(1),
                MlDsaSignature = default,
                Ed25519Signature = default,
            },
            Network,
            holder,
            new SeededEntropy(operation));
    }

    [Fact]
    public async Task a_stream_runs_in_the_silo_it_was_opened_in_and_outlives_the_others()
    {
        var wallet = new TestWallet(5);
        var payer = new TestWallet(6);
        await new WalletClient(Invoker(0)).RegisterAsync(wallet.Registration(), wallet.Context);
        await new WalletClient(Invoker(0)).RegisterAsync(payer.Registration(), payer.Context);
        var streams = new List<IAsyncEnumerator<LiveUpdate>>();
        for (var silo = Silos - 1; silo >= 0; silo--)
        {
            var updates = new StreamClient(Invoker(silo)).UpdatesAsync(new LiveUpdates { Topic = "wallet:" + wallet.Key, StreamType = StreamType.WalletUpdates }, wallet.Context).GetAsyncEnumerator();
            Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
            streams.Add(updates);
        }

        Assert.All(_cluster.Members, member => Assert.Equal(1, member.Silo.ReadStatistics().Grains.GetValueOrDefault("Stream")));
        var metrics = new StreamClient(Invoker(1)).MetricsAsync(new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromMilliseconds(100) }).GetAsyncEnumerator();
        Assert.True(await metrics.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal([1, 2, 1], _cluster.Members.Select(member => member.Silo.ReadStatistics().Grains.GetValueOrDefault("Stream")));

        // The first silo of the topic goes; the streams of the two others do not notice.
        var lost = streams[0].MoveNextAsync().AsTask();
        await TestCluster.StopAsync(_cluster.Members[2]);
        await Assert.ThrowsAnyAsync<XtmpException>(() => lost);
        await new WalletClient(Invoker(0)).TransactionAsync(payer.Transfer(wallet, 5, 0), payer.Context);
        foreach (var updates in streams.Skip(1))
        {
            Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
            Assert.Equal(1005UL, updates.Current.Body.Match(static _ => 0UL, static update => update.Balance, static _ => 0UL, static _ => 0UL, static _ => 0UL, static _ => 0UL));
        }

        Assert.True(await metrics.MoveNextAsync().AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task every_silo_tells_the_whole_cluster_and_its_grains()
    {
        for (var space = 0; space < 30; space++)
        {
            await new RegistryClient(Invoker(space % Silos)).QueryAsync(new RegistryQuery { Name = $"name{space}" });
        }

        foreach (var member in _cluster.Members)
        {
            var seen = await member.Silo.ReadClusterAsync();
            Assert.Equal(_cluster.Members.Select(silo => silo.EndPoint.ToString()).Order(), seen.Silos.Select(silo => silo.EndPoint).Order());
            Assert.All(seen.Silos, silo => Assert.Equal("Active", silo.Status));
            Assert.Equal(member.EndPoint.ToString(), Assert.Single(seen.Silos, silo => silo.IsSelf).EndPoint);
            Assert.Equal(30, seen.Grains.Where(count => count.Kind == "Registry").Sum(count => count.Count));
            Assert.All(_cluster.Members, silo => Assert.Equal(silo.Silo.ReadStatistics().Grains.GetValueOrDefault("Registry"), seen.Grains.Where(count => count.Kind == "Registry" && count.Silo == silo.EndPoint.ToString()).Sum(count => count.Count)));
        }
    }

    private ICallInvoker Invoker(int silo) => _cluster.Members[silo].Invoker;

    private static byte[] Operation(byte number) => [.. Enumerable.Repeat((byte)(number + 1), 16)];

    /// <summary>A space whose grain is in the silo: they are spread at random.</summary>
    private async Task<string> SpaceOfAsync(int silo, TestWallet wallet)
    {
        for (var number = 0; ; number++)
        {
            var before = Count();
            await new LockClient(Invoker(0)).CheckAsync(new LockCheck { Space = $"space{number}", ResourceId = "a" }, wallet.Context);
            if (Count() > before)
            {
                return $"space{number}";
            }
        }

        int Count() => _cluster.Members[silo].Silo.ReadStatistics().Grains.GetValueOrDefault("Lock");
    }

    private static async Task WaitersAsync(LockClient locks, string space, TestWallet wallet, uint count)
    {
        using var patience = new CancellationTokenSource(Patience);
        while ((await locks.CheckAsync(new LockCheck { Space = space, ResourceId = "a" }, wallet.Context)).Waiting != count)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
