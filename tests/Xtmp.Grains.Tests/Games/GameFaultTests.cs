using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Storage;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Games whose silo fails or dies in the middle of something.</summary>
public sealed class GameFaultTests : GameTestBase, IAsyncLifetime
{
    private readonly FaultyStore _store;

    public GameFaultTests()
    {
        _store = new FaultyStore(Fixture.Store);
    }

    public async ValueTask InitializeAsync()
    {
        await Fixture.Silo.DisposeAsync();
        Fixture.Restart(_store);
    }

    [Theory]
    [InlineData(XtmpErrorCode.StorageUnavailable)]
    [InlineData(XtmpErrorCode.StorageFull)]
    public async Task a_witness_sits_there_again_after_a_turn_of_its_that_failed(XtmpErrorCode code)
    {
        await OpenAsync(siloWitnesses: 2);
        await JoinAsync(0);
        await JoinAsync(1);
        var failures = 0;
        Fail("Game", () => ++failures == 1, code);
        for (var second = 0; failures == 0; second++)
        {
            Assert.True(second < 120, "The witnesses sign nothing.");
            await PassAsync(TimeSpan.FromSeconds(1));
        }

        await SpeaksAsync();
    }

    [Fact]
    public async Task a_witness_sits_there_again_after_its_silo_died_though_nobody_speaks_to_it()
    {
        await OpenAsync(siloWitnesses: 2);
        await JoinAsync(0);
        await JoinAsync(1);
        await Fixture.Silo.WhenQuietAsync();
        _store.Crash();
        Fixture.Restart();
        await SpeaksAsync();
    }

    [Fact]
    public async Task nobody_is_paid_before_the_settlement_is_durable()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var decided = Play((await StatusAsync()).First!, rolls: 3, leaves: true);
        await ArchiveAsync(decided.Take(decided.Count / 2));
        var height = (await StatusAsync()).Height;

        // What would settle it is lost, and nobody hands it in again: the table ends by what was archived before.
        var failures = 0;
        Fail("Game", () => ++failures == 1, XtmpErrorCode.StorageUnavailable);
        await Assert.ThrowsAsync<XtmpException>(() => ArchiveAsync(decided.Skip(decided.Count / 2)));
        await Fixture.Silo.WhenQuietAsync();
        Assert.Equal(height, (await StatusAsync()).Height);
        await ExpectAsync(Wallets[0], 900, 100);
        await ExpectAsync(Wallets[1], 900, 100);
        await ExpectAsync(House, 500, 500);
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        await SettledAsync();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public async Task a_pay_out_that_breaks_off_anywhere_is_carried_on(int at, bool isStored)
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var decided = Play((await StatusAsync()).First!, rolls: 3, leaves: true);
        var commits = 0;

        // Of captures and releases; that credits are delivered is the wallets' own business.
        ValueTask FailAsync(GrainCommit commit) => commit is { Id.Kind: "Wallet", Settles: false } && commits++ == at ? throw FaultyStore.Unavailable() : default;
        if (isStored)
        {
            _store.AfterCommit = FailAsync;
        }
        else
        {
            _store.BeforeCommit = FailAsync;
        }

        await ArchiveAsync(decided);
        await PassAsync(TimeSpan.FromMinutes(1));
        Assert.True(commits > at, $"There were {commits} commits of wallets.");
        await SettledAsync();
    }

    [Fact]
    public async Task who_leaves_a_game_that_it_is_not_in_changes_nothing()
    {
        await OpenAsync();
        await JoinAsync(0);
        await Fixture.Silo.WhenQuietAsync();
        Fail("Game", static () => true, XtmpErrorCode.StorageUnavailable);
        Assert.Equal(1, (await Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = Wallets[2].Id }, Wallets[2].Context)).Taken);
    }

    [Fact]
    public async Task a_hold_that_expired_while_no_silo_ran_keeps_nobody_elses_money()
    {
        await OpenAsync();
        for (var player = 0; player < 2; player++)
        {
            await Games.JoinAsync(Join(player, await HoldAsync(Wallets[player], 100, Captor, TimeSpan.FromHours(2))), Wallets[player].Context);
        }

        await ArchiveAsync(Play((await StatusAsync()).First!, rolls: 3, leaves: false));
        _store.Crash();
        Fixture.Time.Advance(TimeSpan.FromHours(3));
        Fixture.Restart();
        await PassAsync(TimeSpan.FromMinutes(1));
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        Assert.Contains(status.Payouts.Take(2), payout => payout.Chips < payout.BuyIn);

        // Who lost has its money back already; nobody else waits for what cannot be had.
        var total = 0UL;
        foreach (var wallet in Wallets.Take(2).Append(House))
        {
            var reply = await Fixture.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
            Assert.Equal(0UL, reply.Held);
            total += reply.Balance;
        }

        Assert.Equal(3_000UL, total);
    }

    [Fact]
    public async Task a_seat_whose_hold_was_released_before_the_silo_died_is_free()
    {
        await OpenAsync();
        await JoinAsync(0);
        var failures = 0;
        Fail("Game", () => ++failures == 1, XtmpErrorCode.StorageUnavailable);
        await Assert.ThrowsAsync<XtmpException>(async () => await Games.LeaveAsync(new GameLeave { GameId = GameId, Wallet = Wallets[0].Id }, Wallets[0].Context));
        await ExpectAsync(Wallets[0], 1_000, 0);

        await JoinAsync(1);
        Assert.Equal(GamePhase.Open, (await StatusAsync()).Phase);
        await JoinAsync(0);
        Assert.Equal(GamePhase.Playing, (await StatusAsync()).Phase);
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        await SettledAsync();
        await ExpectAsync(Wallets[0], 1_000, 0);
    }

    private void Fail(string kind, Func<bool> fails, XtmpErrorCode code) =>
        _store.BeforeCommit = commit => commit.Id.Kind == kind && fails() ? throw new XtmpException(code, Fault.Local, "The disk is on fire.", retryable: true) : default;

    /// <summary>Something of a witness leaves that was made after this.</summary>
    private async Task SpeaksAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var now = Fixture.Time.GetUtcNow();
        await using var envelopes = Games.FollowAsync(new GameSubscribe { GameId = GameId }, new CallContext(patience.Token)).GetAsyncEnumerator(patience.Token);
        var next = envelopes.MoveNextAsync();
        await PassAsync(PartitionRecoveryManager.Silence + TimeSpan.FromSeconds(5));
        while (await next && envelopes.Current.Envelope.Timestamp <= now)
        {
            next = envelopes.MoveNextAsync();
        }

        Assert.DoesNotContain(Secrets, secrets => secrets.PeerId.Span.SequenceEqual(envelopes.Current.Envelope.Sender.Span));
    }

    private async Task SettledAsync()
    {
        var status = await StatusAsync();
        Assert.Equal(GamePhase.Settled, status.Phase);
        await ExpectAsync(Wallets[0], 900 + status.Payouts[0].Chips, 0);
        await ExpectAsync(Wallets[1], 900 + status.Payouts[1].Chips, 0);
        await ExpectAsync(House, 500 + status.Payouts[2].Chips, 0);
        Assert.Equal(700UL, status.Payouts.ToArray().Aggregate(0UL, (sum, payout) => sum + payout.Chips));
    }
}
