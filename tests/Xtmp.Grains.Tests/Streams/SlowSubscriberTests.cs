using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Streams;

/// <summary>Subscribers say themselves what becomes of items they are too slow for.</summary>
public sealed class SlowSubscriberTests : IAsyncDisposable
{
    private const int Transfers = 300;

    private readonly GrainsFixture _silo = new(new GrainOptions { OpeningBalance = 1000 });
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task one_that_wants_the_latest_gets_it()
    {
        await using var updates = await FallBehindAsync(WhenSlow.KeepLatest);
        var read = 0;
        do
        {
            Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
            Assert.IsType<UpdateBody.WalletBalanceArm>(updates.Current.Body);
            read++;
        }
        while (updates.Current.Sequence < Transfers);
        Assert.InRange(read, 1, 10);
    }

    [Fact]
    public async Task one_that_wants_to_know_is_told_with_an_error()
    {
        await using var updates = await FallBehindAsync(WhenSlow.Disconnect);
        var error = await Assert.ThrowsAsync<XtmpException>(async () =>
        {
            while (await updates.MoveNextAsync().AsTask().WaitAsync(Patience))
            {
                Assert.True(updates.Current.Sequence < Transfers);
            }
        });
        Assert.Equal(XtmpErrorCode.SlowConsumer, error.Code);
    }

    [Fact]
    public async Task one_that_wants_the_newest_dropped_gets_the_first_and_a_gap_behind_them()
    {
        await using var updates = await FallBehindAsync(WhenSlow.DropNewest);
        var next = 1UL;
        while (await updates.MoveNextAsync().AsTask().WaitAsync(Patience) && updates.Current.Body is not UpdateBody.GapArm)
        {
            Assert.Equal(next++, updates.Current.Sequence);
        }

        Assert.Equal(next - 1, updates.Current.Sequence);
        Assert.Equal(Transfers + 1, (int)(next + Assert.IsType<UpdateBody.GapArm>(updates.Current.Body).Value.Missed));
    }

    /// <summary>A subscriber of Alice's wallet that has read what stood, while she paid often.</summary>
    private async Task<IAsyncEnumerator<LiveUpdate>> FallBehindAsync(WhenSlow wish)
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await _silo.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
        var updates = _silo.Stream.UpdatesAsync(
            new LiveUpdates { Topic = $"wallet:{_alice.Key}", StreamType = StreamType.WalletUpdates, WhenSlow = wish },
            new CallContext(Caller: _alice.Caller)).GetAsyncEnumerator();
        Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Patience));
        for (var nonce = 0UL; nonce < Transfers; nonce++)
        {
            await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, nonce), _alice.Context);
        }

        return updates;
    }
}
