using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.Bundles.TestBundles;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Streams;

public sealed class StreamTests : IAsyncDisposable
{
    private readonly GrainsFixture _silo = new(new GrainOptions { OpeningBalance = 1000, Nodes = Nodes });
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task a_follower_sees_each_step_once_whenever_it_comes()
    {
        // One before the bundle is there, one right after it was submitted, one when all is over.
        await using var early = Follow("bundle:b");
        var waiting = early.MoveNextAsync();
        await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        await using var middle = Follow("bundle:b");
        var first = await StepsAsync(early, waiting);
        var second = await StepsAsync(middle, middle.MoveNextAsync());
        await using var late = Follow("bundle:b");
        var third = await StepsAsync(late, late.MoveNextAsync());
        Assert.Equal(["1 Received", "2 Verifying", "3 Verified", "4 Submitted"], first);
        Assert.Equal(first, second);
        Assert.Equal(first, third);
    }

    [Fact]
    public async Task a_follower_that_comes_back_gets_what_it_missed()
    {
        await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        await using (var all = Follow("bundle:b"))
        {
            await StepsAsync(all, all.MoveNextAsync());
        }

        await using var rest = Follow("bundle:b", after: 2);
        Assert.Equal(["3 Verified", "4 Submitted"], await StepsAsync(rest, rest.MoveNextAsync()));
    }

    [Fact]
    public async Task a_wallets_owner_follows_its_balance()
    {
        await RegisterAsync();
        await using var updates = Follow($"wallet:{_bob.Key}", StreamType.WalletUpdates, _bob);
        Assert.Equal("0 1000", await NextBalanceAsync(updates));
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 5, nonce: 0), _alice.Context);
        Assert.Equal("1 1005", await NextBalanceAsync(updates));
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 7, nonce: 1), _alice.Context);
        Assert.Equal("2 1012", await NextBalanceAsync(updates));
    }

    [Fact]
    public async Task a_wallets_owner_that_comes_back_gets_what_it_missed_as_far_as_it_is_sent_again()
    {
        await RegisterAsync();
        for (var nonce = 0UL; nonce < 67; nonce++)
        {
            await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, nonce), _alice.Context);
        }

        await using (var updates = Follow($"wallet:{_bob.Key}", StreamType.WalletUpdates, _bob, after: 65))
        {
            Assert.Equal("66 1066", await NextBalanceAsync(updates));
            Assert.Equal("67 1067", await NextBalanceAsync(updates));
            await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, 67), _alice.Context);
            Assert.Equal("68 1068", await NextBalanceAsync(updates));
        }

        await using var late = Follow($"wallet:{_bob.Key}", StreamType.WalletUpdates, _bob, after: 1);
        Assert.True(await late.MoveNextAsync());
        Assert.Equal((1UL, 3UL), (late.Current.Sequence, Assert.IsType<UpdateBody.GapArm>(late.Current.Body).Value.Missed));
        Assert.Equal("5 1005", await NextBalanceAsync(late));
    }

    [Fact]
    public async Task a_name_is_followed_from_its_record_on()
    {
        await PublishAsync(1);
        await PublishAsync(2);
        await using var updates = Follow("registry:silo.example", StreamType.RegistryUpdates);
        Assert.Equal("2 v2", await NextVersionAsync(updates));
        await PublishAsync(7);
        Assert.Equal("3 v7", await NextVersionAsync(updates));
        await using var back = Follow("registry:silo.example", StreamType.RegistryUpdates, after: 1);
        Assert.Equal("2 v2", await NextVersionAsync(back));
        Assert.Equal("3 v7", await NextVersionAsync(back));
    }

    [Fact]
    public async Task a_name_keeps_its_latest_changes_only()
    {
        for (var version = 1UL; version <= 66; version++)
        {
            await PublishAsync(version);
        }

        await using var updates = Follow("registry:silo.example", StreamType.RegistryUpdates, after: 1);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal((1UL, 1UL), (updates.Current.Sequence, Assert.IsType<UpdateBody.GapArm>(updates.Current.Body).Value.Missed));
        Assert.Equal("3 v3", await NextVersionAsync(updates));
    }

    [Fact]
    public async Task a_session_is_followed_by_itself_and_by_operators()
    {
        var opened = new SessionOpened { SessionId = _alice.Caller.SessionId, PeerAddress = "192.0.2.7:1", At = _silo.Time.GetUtcNow() };
        await _silo.Session.OpenedAsync(opened, _alice.Context);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, FirstAsync("session:1", StreamType.SessionUpdates, _bob), "topic");
        await RefusedAsync(XtmpErrorCode.NotFound, FirstAsync("session:01", StreamType.SessionUpdates, _alice), "topic");
        await using var own = Follow("session:1", StreamType.SessionUpdates, _alice);
        Assert.True(await own.MoveNextAsync());
        Assert.True(Assert.IsType<UpdateBody.SessionArm>(own.Current.Body).Value.Open);
        await _silo.Session.ClosedAsync(new SessionClosed { SessionId = 1, Code = DisconnectCode.Overloaded, Reason = "x", Requests = 1, At = _silo.Time.GetUtcNow() }, _alice.Context);
        Assert.True(await own.MoveNextAsync().AsTask().WaitAsync(Patience));
        var end = Assert.IsType<UpdateBody.SessionArm>(own.Current.Body).Value;
        Assert.Equal((2UL, false, DisconnectCode.Overloaded), (own.Current.Sequence, end.Open, end.CloseCode));
        await using var byOperator = _silo.Stream.UpdatesAsync(
            new LiveUpdates { Topic = "session:1", StreamType = StreamType.SessionUpdates },
            new CallContext(Caller: _bob.Caller with { Roles = CallerRoles.Operator })).GetAsyncEnumerator();
        Assert.True(await byOperator.MoveNextAsync());
        Assert.Equal(2UL, byOperator.Current.Sequence);
    }

    [Fact]
    public async Task events_are_filtered_and_counted()
    {
        await using var events = _silo.Stream.EventsAsync(new EventStream { Topic = "events:silo", MinimumSeverity = EventSeverity.Warning, Filter = "Log" }).GetAsyncEnumerator();
        var first = events.MoveNextAsync().AsTask();
        await _silo.Silo.WhenQuietAsync();
        foreach (var (name, severity) in new[] { ("LogRefused", EventSeverity.Info), ("Other", EventSeverity.Error), ("LogFailed", EventSeverity.Error), ("LogRefused", EventSeverity.Warning) })
        {
            _silo.Silo.Topics.Publish("events:silo", new EventItem { Topic = "events:silo", Sequence = 0, At = _silo.Time.GetUtcNow(), Severity = severity, Name = name, Attributes = new Dictionary<string, string>() });
        }

        Assert.True(await first.WaitAsync(Patience));
        Assert.Equal((1UL, "LogFailed"), (events.Current.Sequence, events.Current.Name));
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal((2UL, "LogRefused"), (events.Current.Sequence, events.Current.Name));
    }

    [Fact]
    public async Task metrics_come_at_intervals_and_by_prefix()
    {
        await RegisterAsync();
        await using var metrics = _silo.Stream.MetricsAsync(new MetricsStream { Topic = "metrics:silo", Interval = TimeSpan.FromSeconds(5) }).GetAsyncEnumerator();
        Assert.True(await metrics.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(1UL, metrics.Current.Sequence);
        var next = metrics.MoveNextAsync().AsTask();
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 5, nonce: 0), _alice.Context);
        await _silo.Silo.WhenQuietAsync();
        Assert.False(next.IsCompleted);
        _silo.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal(2UL, metrics.Current.Sequence);
        var turns = Assert.Single(metrics.Current.Samples, sample => sample.Name.Contains("turns", StringComparison.Ordinal) && sample.Labels.TryGetValue("kind", out var kind) && kind == "Wallet");
        Assert.True(turns.Value >= 2);
        Assert.All(metrics.Current.Samples, sample => Assert.True(sample.TryValidate(out _)));
        Assert.Empty((await FirstAsync(_silo.Stream.MetricsAsync(new MetricsStream { Topic = "metrics:silo", Filter = "no.such" }))).Samples);
    }

    [Fact]
    public async Task refuses_topics_of_events_and_metrics_that_are_not()
    {
        await RefusedAsync(XtmpErrorCode.NotFound, FirstAsync(_silo.Stream.EventsAsync(new EventStream { Topic = "events:other" })), "topic");
        await RefusedAsync(XtmpErrorCode.NotFound, FirstAsync(_silo.Stream.MetricsAsync(new MetricsStream { Topic = "events:silo" })), "topic");
        Assert.Equal(CallerRoles.Operator, StreamMethods.Events.Requires);
        Assert.Equal(CallerRoles.Operator, StreamMethods.Metrics.Requires);
    }

    [Fact]
    public async Task refuses_a_strangers_wallet()
    {
        await RegisterAsync();
        await RefusedAsync(XtmpErrorCode.PermissionDenied, FirstAsync($"wallet:{_bob.Key}", StreamType.WalletUpdates, _alice), "topic");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, FirstAsync($"wallet:{_bob.Key.ToUpperInvariant()}", StreamType.WalletUpdates, _bob), "topic");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, FirstAsync($"wallet:{_bob.Key}", StreamType.WalletUpdates, null));
    }

    [Theory]
    [InlineData("bundle:b", StreamType.WalletUpdates, XtmpErrorCode.PayloadInvalid, "stream_type")]
    [InlineData("registry:No", StreamType.RegistryUpdates, XtmpErrorCode.NotFound, "topic")]
    [InlineData("gateway:1", StreamType.SessionUpdates, XtmpErrorCode.NotFound, "topic")]
    [InlineData("bundle:", StreamType.BundleUpdates, XtmpErrorCode.NotFound, "topic")]
    [InlineData("nonsense", StreamType.BundleUpdates, XtmpErrorCode.NotFound, "topic")]
    public async Task refuses_a_topic_that_is_not(string topic, StreamType type, XtmpErrorCode code, string field) =>
        await RefusedAsync(code, FirstAsync(topic, type, _alice), field);

    [Fact]
    public async Task a_filter_leaves_other_updates_out()
    {
        await _silo.Bundle.SubmitAsync(Submit(Bundle("b")), ByNode);
        using var enough = new CancellationTokenSource();
        var request = new LiveUpdates { Topic = "bundle:b", StreamType = StreamType.BundleUpdates, Filter = "wallet_balance, gap" };
        await using var updates = _silo.Stream.UpdatesAsync(request, enough.Token).GetAsyncEnumerator();
        var waiting = updates.MoveNextAsync().AsTask();
        await _silo.Silo.WhenQuietAsync();
        Assert.False(waiting.IsCompleted);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await using var wanted = Follow("bundle:b", filter: "gap,bundle_status");
        Assert.True(await wanted.MoveNextAsync().AsTask().WaitAsync(Patience));
    }

    private IAsyncEnumerator<LiveUpdate> Follow(
        string topic, StreamType type = StreamType.BundleUpdates, TestWallet? caller = null, ulong? after = null, string? filter = null) =>
        _silo.Stream.UpdatesAsync(
            new LiveUpdates { Topic = topic, StreamType = type, After = after, Filter = filter },
            new CallContext(Caller: caller?.Caller)).GetAsyncEnumerator();

    private async Task PublishAsync(ulong version)
    {
        var record = new RegistryRecord
        {
            Name = "silo.example",
            Version = version,
            Owner = new byte[32],
            Endpoints = [],
            ServerFingerprints = [],
            Ttl = TimeSpan.FromMinutes(1),
            ExpiresAt = _silo.Time.GetUtcNow().AddDays(30),
        };
        var operation = new byte[16];
        operation[0] = (byte)version;
        await _silo.Registry.UpdateAsync(new RegistryUpdate { OperationId = operation, Name = record.Name, Record = RegistrySigning.Sign(record, Network, Node, new SeededEntropy(version)) });
    }

    private static async Task<string> NextVersionAsync(IAsyncEnumerator<LiveUpdate> updates)
    {
        Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
        return $"{updates.Current.Sequence} v{Assert.IsType<UpdateBody.RegistryRecordArm>(updates.Current.Body).Value.Version}";
    }

    private static async ValueTask<T> FirstAsync<T>(IAsyncEnumerable<T> items)
    {
        await using var all = items.GetAsyncEnumerator();
        Assert.True(await all.MoveNextAsync());
        return all.Current;
    }

    private async ValueTask<LiveUpdate> FirstAsync(string topic, StreamType type, TestWallet? caller)
    {
        await using var updates = Follow(topic, type, caller);
        Assert.True(await updates.MoveNextAsync());
        return updates.Current;
    }

    private static async Task<string> NextBalanceAsync(IAsyncEnumerator<LiveUpdate> updates)
    {
        Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
        var balance = Assert.IsType<UpdateBody.WalletBalanceArm>(updates.Current.Body).Value;
        return $"{updates.Current.Sequence} {balance.Balance}";
    }

    private static async Task<List<string>> StepsAsync(IAsyncEnumerator<LiveUpdate> updates, ValueTask<bool> waiting)
    {
        var steps = new List<string>();
        while (await waiting.AsTask().WaitAsync(Patience))
        {
            var change = Assert.IsType<UpdateBody.BundleStatusArm>(updates.Current.Body).Value;
            steps.Add($"{updates.Current.Sequence} {change.Status}");
            if (change.Status == BundleStatusCode.Submitted)
            {
                break;
            }

            waiting = updates.MoveNextAsync();
        }

        return steps;
    }

    private async Task RegisterAsync()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await _silo.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
    }
}
