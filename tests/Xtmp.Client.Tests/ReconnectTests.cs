using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Testing;

namespace Xtmp.Client.Tests;

/// <summary>A connection over links in memory, with a server that misbehaves as told. Time is virtual or does not matter.</summary>
public sealed class ReconnectTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly XtmpClientOptions Options = new()
    {
        ServerFingerprint = TestIdentities.Server.Public.Fingerprint,
        ReconnectDelay = TimeSpan.FromTicks(1),
        MaxReconnectDelay = TimeSpan.FromTicks(1),
    };

    [Fact]
    public async Task unanswered_requests_that_are_safe_to_repeat_are_sent_again_in_their_order_before_new_ones()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var calls = Enumerable.Range(0, 20).Select(index => Query(connection, $"name-{index}")).ToArray();
        var first = await server.AcceptAsync();
        for (var index = 0; index < calls.Length; index++)
        {
            Assert.Equal($"name-{index}", (await first.TakeAsync()).Read<RegistryQuery>().Name);
        }

        first.Cut();
        var second = await server.AcceptAsync();
        await second.Established;
        var late = Query(connection, "late");
        for (var index = 0; index < calls.Length; index++)
        {
            var request = await second.TakeAsync();
            Assert.Equal($"name-{index}", request.Read<RegistryQuery>().Name);
            second.Answer(request, Reply(request));
            Assert.Equal($"name-{index}", (await calls[index].WaitAsync(Patience)).Name);
        }

        var last = await second.TakeAsync();
        second.Answer(last, Reply(last));
        Assert.Equal("late", (await late.WaitAsync(Patience)).Name);
    }

    [Fact]
    public async Task a_request_that_is_not_safe_to_repeat_fails_with_an_unknown_outcome_and_is_not_sent_again()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var call = connection.Wallet.AuthAsync(new WalletAuth { Wallet = new byte[32], MlDsaSignature = new byte[4627], Ed25519Signature = new byte[64] }).AsTask();
        var first = await server.AcceptAsync();
        await first.TakeAsync();
        first.Cut();
        var error = await Assert.ThrowsAsync<XtmpException>(() => call.WaitAsync(Patience));
        Assert.Equal(XtmpErrorCode.OutcomeUnknown, error.Code);
        Assert.False(error.Retryable);

        var query = Query(connection, "next");
        var second = await server.AcceptAsync();
        var request = await second.TakeAsync();
        Assert.Equal("next", request.Read<RegistryQuery>().Name);
        second.Answer(request, Reply(request));
        await query.WaitAsync(Patience);
    }

    [Fact]
    public async Task the_next_session_is_resumed_by_the_ticket_of_the_one_before()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var call = Query(connection, "one");
        var first = await server.AcceptAsync();
        Assert.False((await first.Established).Resumed);
        var request = await first.TakeAsync();

        // The ticket goes out before any answer.
        first.Answer(request, Reply(request));
        await call.WaitAsync(Patience);
        first.Cut();
        Assert.True((await (await server.AcceptAsync()).Established).Resumed);
    }

    [Fact]
    public async Task a_silo_that_shuts_down_finishes_its_calls_and_the_others_move()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var staying = Query(connection, "staying");
        var first = await server.AcceptAsync();
        var kept = await first.TakeAsync();
        var moving = connection.Wallet.AuthAsync(new WalletAuth { Wallet = new byte[32], MlDsaSignature = new byte[4627], Ed25519Signature = new byte[64] }).AsTask();
        first.Refuse(await first.TakeAsync(), XtmpErrorCode.ShuttingDown);

        // It was refused, so that it may be sent elsewhere although it is not safe to repeat.
        var second = await server.AcceptAsync();
        var moved = await second.TakeAsync();
        Assert.Equal(WalletMethods.Auth.Code, moved.Code);
        second.Answer(moved, new WalletAuthReply { Wallet = new byte[32], AuthenticatedAt = DateTimeOffset.UnixEpoch, Nonce = 7 });
        Assert.Equal(7UL, (await moving.WaitAsync(Patience)).Nonce);
        Assert.False(staying.IsCompleted);
        first.Answer(kept, Reply(kept));
        Assert.Equal("staying", (await staying.WaitAsync(Patience)).Name);
    }

    [Fact]
    public async Task what_a_silo_that_shuts_down_refuses_later_moves_at_once_too()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var calls = new[] { Query(connection, "early"), Query(connection, "late") };
        var first = await server.AcceptAsync();
        ScriptedServer.Request[] taken = [await first.TakeAsync(), await first.TakeAsync()];
        first.Refuse(taken[0], XtmpErrorCode.ShuttingDown);

        // The next session is in use by now, and the first one lives on.
        var second = await server.AcceptAsync();
        var request = await second.TakeAsync();
        first.Refuse(taken[1], XtmpErrorCode.ShuttingDown);
        var later = await second.TakeAsync();
        Assert.Equal(["early", "late"], new[] { request, later }.Select(moved => moved.Read<RegistryQuery>().Name).Order(StringComparer.Ordinal));
        second.Answer(request, Reply(request));
        second.Answer(later, Reply(later));
        await Task.WhenAll(calls).WaitAsync(Patience);
    }

    [Fact]
    public async Task what_a_draining_silo_refuses_goes_to_another_silo_and_the_state_says_so()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = new XtmpConnection([new("a.test", 1), new("b.test", 1)], Options, server.DialAsync);
        var states = new List<XtmpConnectionState>();
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await connection.OpenAsync().WaitAsync(Patience);
        connection.StateChanged += change =>
        {
            states.Add(change.Current);
            if (change.Current == XtmpConnectionState.Connected)
            {
                back.TrySetResult();
            }
        };
        var calls = Enumerable.Range(0, 10).Select(index => Query(connection, $"name-{index}")).ToArray();
        var first = await server.AcceptAsync();
        var taken = new List<ScriptedServer.Request>();
        while (taken.Count < calls.Length)
        {
            taken.Add(await first.TakeAsync());
        }

        taken.ForEach(request => first.Refuse(request, XtmpErrorCode.ShuttingDown));

        var second = await server.AcceptAsync();
        Assert.NotEqual(first.Endpoint, second.Endpoint);
        for (var index = 0; index < calls.Length; index++)
        {
            var request = await second.TakeAsync();
            second.Answer(request, Reply(request));
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(index => $"name-{index}"), (await Task.WhenAll(calls).WaitAsync(Patience)).Select(reply => reply.Name));
        await back.Task.WaitAsync(Patience);
        Assert.Equal([XtmpConnectionState.Draining, XtmpConnectionState.Connected], states);
    }

    [Fact]
    public async Task a_subscription_goes_on_from_the_last_sequence()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        await using var updates = connection.Stream.UpdatesAsync(new LiveUpdates { Topic = "bundle:b", StreamType = StreamType.BundleUpdates }).GetAsyncEnumerator();
        var next = updates.MoveNextAsync().AsTask();
        var first = await server.AcceptAsync();
        var request = await first.TakeAsync();
        Assert.Null(request.Read<LiveUpdates>().After);
        first.Item(request, Update(41));
        Assert.True(await next.WaitAsync(Patience));
        next = updates.MoveNextAsync().AsTask();
        first.Cut();
        var second = await server.AcceptAsync();
        request = await second.TakeAsync();
        Assert.Equal(41UL, request.Read<LiveUpdates>().After);
        second.Item(request, Update(43));
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal(43UL, updates.Current.Sequence);
    }

    [Fact]
    public async Task events_and_metrics_are_subscribed_to_again_behind_a_notice()
    {
        await AssertBeginsAnewAsync(
            connection => connection.Stream.EventsAsync(new EventStream { Topic = "events:silo" }),
            sequence => new EventItem { Topic = "events:silo", Sequence = sequence, At = DateTimeOffset.UnixEpoch, Severity = EventSeverity.Info, Name = "x", Attributes = default },
            item => (item.Sequence, item.Name == "gap"));
        await AssertBeginsAnewAsync(
            connection => connection.Stream.MetricsAsync(new MetricsStream { Topic = "metrics:silo" }),
            sequence => new MetricsItem { Topic = "metrics:silo", Sequence = sequence, At = DateTimeOffset.UnixEpoch, Samples = [new MetricSample { Name = "m", Value = 1, Labels = default }] },
            item => (item.Sequence, item.Samples.Count == 0));
    }

    [Fact]
    public async Task a_cancelled_call_is_cancelled_at_the_server()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        using var cancellation = new CancellationTokenSource();
        var call = connection.Registry.QueryAsync(new RegistryQuery { Name = "slow" }, cancellation.Token).AsTask();
        var served = await server.AcceptAsync();
        var request = await served.TakeAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        var cancel = await served.TakeAsync();
        Assert.Equal(SessionEventKind.Cancel, cancel.Kind);
        Assert.Equal(request.ExchangeId, cancel.ExchangeId);
    }

    [Fact]
    public async Task a_call_that_finds_no_session_ends_at_its_deadline()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time) { RefuseNext = int.MaxValue };
        await using var connection = Connect(server, Options with { TimeProvider = time, CallTimeout = TimeSpan.FromSeconds(10), ReconnectDelay = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.FromHours(1) });
        var call = Query(connection, "nobody");
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var error = await Assert.ThrowsAsync<XtmpException>(() => call.WaitAsync(Patience));
        Assert.Equal(XtmpErrorCode.Timeout, error.Code);
        Assert.True(error.Retryable);
    }

    [Fact]
    public async Task a_stream_with_a_deadline_ends_at_it_and_the_server_is_told()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time);
        await using var connection = Connect(server, Options with { TimeProvider = time });
        var request = new LiveUpdates { Topic = "bundle:b", StreamType = StreamType.BundleUpdates };
        await using var updates = connection.Stream.UpdatesAsync(request, new CallContext(Timeout: TimeSpan.FromMinutes(1))).GetAsyncEnumerator();
        var next = updates.MoveNextAsync().AsTask();
        var served = await server.AcceptAsync();
        var asked = await served.TakeAsync();
        served.Item(asked, Update(1));
        Assert.True(await next.WaitAsync(Patience));
        next = updates.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(XtmpErrorCode.Timeout, (await Assert.ThrowsAsync<XtmpException>(() => next.WaitAsync(Patience))).Code);
        var cancel = await served.TakeAsync();
        Assert.Equal((SessionEventKind.Cancel, asked.ExchangeId), (cancel.Kind, cancel.ExchangeId));
    }

    [Fact]
    public async Task a_call_that_ran_out_of_time_is_cancelled_at_the_server()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time);
        await using var connection = Connect(server, Options with { TimeProvider = time });
        var call = connection.Registry.QueryAsync(new RegistryQuery { Name = "slow" }, new CallContext(Timeout: TimeSpan.FromSeconds(3))).AsTask();
        var served = await server.AcceptAsync();
        var asked = await served.TakeAsync();
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(XtmpErrorCode.Timeout, (await Assert.ThrowsAsync<XtmpException>(() => call.WaitAsync(Patience))).Code);
        Assert.Equal((SessionEventKind.Cancel, asked.ExchangeId), ((await served.TakeAsync()) is var cancel ? cancel.Kind : default, cancel.ExchangeId));
    }

    [Fact]
    public async Task another_endpoint_is_tried_at_once()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time) { RefuseNext = 2 };
        XtmpEndpoint[] endpoints = [new("a", 1), new("b", 1), new("c", 1)];
        await using var connection = new XtmpConnection(endpoints, Options with { TimeProvider = time, ReconnectDelay = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.FromHours(1) }, server.DialAsync);
        await connection.OpenAsync().WaitAsync(Patience);
        Assert.Equal(3, server.Attempts);
        Assert.Equal(XtmpConnectionState.Connected, connection.State);
    }

    [Fact]
    public async Task connecting_tells_of_failure_in_the_task_and_never_before()
    {
        var task = XtmpConnection.ConnectAsync("http://nonsense", Options);
        Assert.Equal(Fault.Local, (await Assert.ThrowsAsync<XtmpException>(() => task)).Fault);
        task = XtmpConnection.ConnectAsync("xtmp://localhost:7778", new XtmpClientOptions());
        Assert.Equal(XtmpErrorCode.UntrustedPeer, (await Assert.ThrowsAsync<XtmpException>(() => task)).Code);
        await using var server = new ScriptedServer(TimeProvider.System) { RefuseNext = 1 };
        await using var connection = Connect(server, Options);
        Assert.Equal(XtmpErrorCode.ConnectFailed, (await Assert.ThrowsAsync<XtmpException>(() => connection.OpenAsync())).Code);
        await connection.OpenAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task states_are_told_in_order_and_a_disposed_connection_takes_no_calls()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        var connection = Connect(server, Options);
        var states = new List<XtmpConnectionState>();
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.StateChanged += change =>
        {
            states.Add(change.Current);
            if (states.Count == 3)
            {
                back.TrySetResult();
            }
        };
        Assert.Equal(XtmpConnectionState.Connecting, connection.State);
        await connection.OpenAsync().WaitAsync(Patience);
        (await server.AcceptAsync()).Cut();
        await back.Task.WaitAsync(Patience);
        var under = Query(connection, "under-way");
        await connection.DisposeAsync();
        Assert.Equal([XtmpConnectionState.Connected, XtmpConnectionState.Reconnecting, XtmpConnectionState.Connected, XtmpConnectionState.Closed], states);
        Assert.Equal(XtmpErrorCode.ConnectionClosed, (await Assert.ThrowsAsync<XtmpException>(() => under.WaitAsync(Patience))).Code);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Query(connection, "after"));
    }

    [Fact]
    public async Task calls_are_spread_over_the_pool()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options with { PoolSize = 2 });
        var calls = new[] { Query(connection, "a"), Query(connection, "b") };
        foreach (var served in new[] { await server.AcceptAsync(), await server.AcceptAsync() })
        {
            var request = await served.TakeAsync();
            served.Answer(request, Reply(request));
        }

        Assert.Equal(["a", "b"], (await Task.WhenAll(calls).WaitAsync(Patience)).Select(reply => reply.Name));
    }

    private static async Task AssertBeginsAnewAsync<TItem>(Func<XtmpConnection, IAsyncEnumerable<TItem>> open, Func<ulong, IXtmpMessage> item, Func<TItem, (ulong Sequence, bool IsNotice)> read)
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        await using var reader = open(connection).GetAsyncEnumerator();
        var next = reader.MoveNextAsync().AsTask();
        var first = await server.AcceptAsync();
        first.Item(await first.TakeAsync(), item(1));
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal((1UL, false), read(reader.Current));
        next = reader.MoveNextAsync().AsTask();
        first.Cut();
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal((0UL, true), read(reader.Current));
        next = reader.MoveNextAsync().AsTask();
        var second = await server.AcceptAsync();
        second.Item(await second.TakeAsync(), item(1));
        Assert.True(await next.WaitAsync(Patience));
        Assert.Equal((1UL, false), read(reader.Current));
    }

    private static XtmpConnection Connect(ScriptedServer server, XtmpClientOptions options) => new([new("server.test", 1)], options, server.DialAsync);

    private static async Task<RegistryQueryReply> Query(XtmpConnection connection, string name) => await connection.Registry.QueryAsync(new RegistryQuery { Name = name });

    private static RegistryQueryReply Reply(ScriptedServer.Request request) =>
        new() { Name = request.Read<RegistryQuery>().Name, Source = RegistrySource.Negative, Addresses = [], ValidFor = TimeSpan.Zero };

    private static LiveUpdate Update(ulong sequence) =>
        new() { Topic = "bundle:b", Sequence = sequence, At = DateTimeOffset.UnixEpoch, Body = new UpdateGap { Missed = 1 } };
}
