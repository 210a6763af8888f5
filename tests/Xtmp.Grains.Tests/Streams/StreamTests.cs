using Xtmp.Messages;
using Xtmp.Protocol;
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
    public async Task a_wallets_owner_that_comes_back_is_told_of_the_gap()
    {
        await RegisterAsync();
        for (var nonce = 0UL; nonce < 4; nonce++)
        {
            await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, nonce), _alice.Context);
        }

        await using var updates = Follow($"wallet:{_bob.Key}", StreamType.WalletUpdates, _bob, after: 1);
        Assert.True(await updates.MoveNextAsync());
        var gap = Assert.IsType<UpdateBody.GapArm>(updates.Current.Body).Value;
        Assert.Equal(2UL, gap.Missed);
        Assert.Equal("4 1004", await NextBalanceAsync(updates));
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
    [InlineData("registry:name", StreamType.RegistryUpdates, XtmpErrorCode.NotFound, "topic")]
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
