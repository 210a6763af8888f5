using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Sessions;

public sealed class SessionTests : IAsyncDisposable
{
    private readonly GrainsFixture _silo = new();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task remembers_a_session_from_start_to_end()
    {
        await OpenAsync();
        await BindAsync(1);
        await BindAsync(2);
        await BindAsync(1);
        _silo.Time.Advance(TimeSpan.FromSeconds(30));
        var closed = await CloseAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), closed.OpenFor);
        _silo.Restart();
        var info = await InfoAsync();
        Assert.True(info.Known);
        Assert.Equal("192.0.2.1:9", info.PeerAddress);
        Assert.Equal([1, 2], info.Wallets.Select(wallet => (int)wallet.Span[0]));
        Assert.Equal(DisconnectCode.Normal, info.CloseCode);
        Assert.NotNull(info.ClosedAt);
    }

    [Fact]
    public async Task an_unknown_session_is_unknown()
    {
        Assert.False((await InfoAsync()).Known);
        await RefusedAsync(XtmpErrorCode.NotFound, CloseAsync(), "session_id");
    }

    [Fact]
    public async Task keeps_the_latest_wallets_of_a_session_that_goes_through_many()
    {
        await OpenAsync();
        for (byte wallet = 1; wallet <= 40; wallet++)
        {
            await BindAsync(wallet);
        }

        Assert.Equal(Enumerable.Range(25, 16), (await InfoAsync()).Wallets.Select(wallet => (int)wallet.Span[0]));
    }

    [Fact]
    public async Task the_first_end_stands()
    {
        await OpenAsync();
        await CloseAsync();
        _silo.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.Zero, (await CloseAsync()).OpenFor);
    }

    [Fact]
    public async Task forgets_a_session_some_time_after_its_end()
    {
        await OpenAsync();
        await AdvanceAsync(TimeSpan.FromDays(10));
        await CloseAsync();
        await AdvanceAsync(TimeSpan.FromDays(6));
        Assert.True((await InfoAsync()).Known);
        await AdvanceAsync(TimeSpan.FromDays(7));
        Assert.False((await InfoAsync()).Known);
        Assert.Empty(_silo.Store.ReadAll("Session"));
        Assert.Null(await _silo.Store.ReadNextReminderAsync());
    }

    [Fact]
    public async Task forgets_a_session_whose_end_nobody_recorded()
    {
        await OpenAsync();
        _silo.Restart();
        await AdvanceAsync(TimeSpan.FromDays(27));
        Assert.True((await InfoAsync()).Known);
        await AdvanceAsync(TimeSpan.FromDays(2));
        Assert.False((await InfoAsync()).Known);
    }

    [Fact]
    public async Task tells_how_a_connection_is_as_its_gateway_says()
    {
        await OpenAsync(gateway: "g-1");
        await using var orders = _silo.Gateway.FollowAsync(new GatewayFollow { Gateway = "g-1" }).GetAsyncEnumerator();
        var order = orders.MoveNextAsync().AsTask();
        await _silo.Silo.WhenQuietAsync();
        var asking = InfoAsync().AsTask();
        Assert.True(await order.WaitAsync(Patience));
        Assert.Equal((7UL, GatewayOrder.Report), (orders.Current.SessionId, orders.Current.Order));
        Assert.False(asking.IsCompleted);
        var quality = new ConnectionQuality { LatencyMs = 1.5, PacketLoss = 0, ThroughputMbps = 2, ErrorRate = 0.25 };
        await _silo.Session.MeasuredAsync(new SessionMeasured { SessionId = 7, Quality = quality, Requests = 4 });
        var info = await asking.WaitAsync(Patience);
        Assert.Equal((quality, 4UL), (info.Quality, info.Requests));
    }

    [Fact]
    public async Task a_gateway_that_does_not_answer_is_not_waited_for_long()
    {
        await OpenAsync(gateway: "g-1");
        var asking = InfoAsync().AsTask();
        var closing = _silo.Session.DisconnectAsync(Disconnect).AsTask();
        await _silo.Silo.WhenQuietAsync();
        Assert.False(asking.IsCompleted || closing.IsCompleted);
        _silo.Time.Advance(_silo.Options.GatewayPatience);
        var info = await asking.WaitAsync(Patience);
        Assert.True(info.Known);
        Assert.Null(info.Quality);
        Assert.False((await closing.WaitAsync(Patience)).Closed);
    }

    [Fact]
    public async Task a_session_is_closed_by_an_order_to_its_gateway()
    {
        await OpenAsync(gateway: "g-1");
        await using var orders = _silo.Gateway.FollowAsync(new GatewayFollow { Gateway = "g-1" }).GetAsyncEnumerator();
        var order = orders.MoveNextAsync().AsTask();
        await _silo.Silo.WhenQuietAsync();
        var closing = _silo.Session.DisconnectAsync(Disconnect).AsTask();
        Assert.True(await order.WaitAsync(Patience));
        Assert.Equal((GatewayOrder.Disconnect, "enough"), (orders.Current.Order, orders.Current.Reason));
        await CloseAsync();
        Assert.True((await closing.WaitAsync(Patience)).Closed);
        Assert.True((await _silo.Session.DisconnectAsync(Disconnect)).Closed);
        Assert.Equal(CallerRoles.Operator, SessionMethods.Disconnect.Requires);
        Assert.Equal(CallerRoles.Operator, SessionMethods.InfoQuery.Requires);
    }

    [Fact]
    public async Task an_unknown_session_cannot_be_closed() => await RefusedAsync(XtmpErrorCode.NotFound, _silo.Session.DisconnectAsync(Disconnect), "session_id");

    private static SessionDisconnect Disconnect { get; } = new() { SessionId = 7, Reason = "enough" };

    // A day at a time, as it passes.
    private async Task AdvanceAsync(TimeSpan time)
    {
        for (var day = 0; day < time.TotalDays; day++)
        {
            await _silo.Silo.WhenQuietAsync();
            _silo.Time.Advance(TimeSpan.FromDays(1));
        }

        await _silo.Silo.WhenQuietAsync();
    }

    // The key of a session's calls is the caller's session.
    private static CallContext Context { get; } = new(Caller: new CallerInfo { SessionId = 7, PeerAddress = "192.0.2.1:9" });

    private ValueTask<SessionOpenedReply> OpenAsync(string? gateway = null) =>
        _silo.Session.OpenedAsync(new SessionOpened { SessionId = 7, PeerAddress = "192.0.2.1:9", At = _silo.Time.GetUtcNow(), Gateway = gateway }, Context);

    private ValueTask<SessionWalletBoundReply> BindAsync(byte wallet) =>
        _silo.Session.WalletBoundAsync(new SessionWalletBound { SessionId = 7, Wallet = Enumerable.Repeat(wallet, 32).ToArray(), At = _silo.Time.GetUtcNow() }, Context);

    private ValueTask<SessionClosedReply> CloseAsync() =>
        _silo.Session.ClosedAsync(new SessionClosed { SessionId = 7, Code = DisconnectCode.Normal, Reason = "done", Requests = 3, At = _silo.Time.GetUtcNow() }, Context);

    private ValueTask<SessionInfoReply> InfoAsync() => _silo.Session.InfoQueryAsync(new SessionInfoQuery { SessionId = 7 });
}
