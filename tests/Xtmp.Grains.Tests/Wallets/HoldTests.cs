using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Wallets;

public sealed class HoldTests : IAsyncDisposable
{
    private readonly GrainsFixture _silo = new(new GrainOptions { OpeningBalance = 1000, MaxHolds = 3, MaxTransfer = 800, MaxTransferPerDay = 1500, MaxHoldTime = TimeSpan.FromDays(2) });
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);
    private readonly TestWallet _carol = new(3);
    private byte _operation;

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task a_hold_takes_money_out_of_the_balance_once()
    {
        await RegisterAsync();
        var hold = _alice.Hold(_bob, 300, InAnHour);
        var placed = await _silo.Wallet.HoldAsync(hold, _alice.Context);
        Assert.Equal(700UL, placed.Balance);
        Assert.Equal(HoldState.Open, placed.Hold.State);
        Assert.False(placed.Existing);
        _silo.Restart();
        var again = await _silo.Wallet.HoldAsync(hold, _alice.Context);
        Assert.True(again.Existing);
        Assert.Equal(placed.Hold, again.Hold);
        await ExpectAsync(_alice, balance: 700, held: 300);
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 301, InAnHour, hold.OperationId.ToArray()), _alice.Context), "operation_id");
        await RefusedAsync(XtmpErrorCode.InsufficientFunds, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 701, nonce: 0), _alice.Context), "amount");
    }

    [Fact]
    public async Task the_captor_takes_a_part_for_another_wallet_and_then_the_rest()
    {
        await RegisterAsync();
        var hold = await PlaceAsync(300);
        var part = Capture(hold, _carol, 100);
        var first = await _silo.Wallet.HoldCaptureAsync(part, _bob.Context);
        Assert.Equal(100UL, first.Hold.Captured);
        Assert.Equal(HoldState.Open, first.Hold.State);
        await ExpectAsync(_alice, balance: 700, held: 200);
        await ExpectAsync(_carol, balance: 1100, held: 0);

        var whole = await _silo.Wallet.HoldCaptureAsync(Capture(hold, _bob, 200), _bob.Context);
        Assert.Equal(HoldState.Captured, whole.Hold.State);
        Assert.Equal(0UL, whole.Hold.Released);
        await ExpectAsync(_alice, balance: 700, held: 0);
        await ExpectAsync(_bob, balance: 1200, held: 0);

        _silo.Restart();
        Assert.Equal(first, await _silo.Wallet.HoldCaptureAsync(part, _bob.Context));
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Wallet.HoldCaptureAsync(part with { Amount = 99 }, _bob.Context), "operation_id");
        await RefusedAsync(XtmpErrorCode.HoldClosed, _silo.Wallet.HoldCaptureAsync(Capture(hold, _bob, 1), _bob.Context), "hold_id");
        await ExpectAsync(_carol, balance: 1100, held: 0);
    }

    [Fact]
    public async Task a_final_capture_gives_the_rest_back()
    {
        await RegisterAsync();
        var hold = await PlaceAsync(300);
        var reply = await _silo.Wallet.HoldCaptureAsync(Capture(hold, _carol, 120) with { Final = true }, _bob.Context);
        Assert.Equal((120UL, 180UL, HoldState.Captured), (reply.Hold.Captured, reply.Hold.Released, reply.Hold.State));
        await ExpectAsync(_alice, balance: 880, held: 0);
    }

    [Fact]
    public async Task a_grain_of_the_silo_captures_without_a_session()
    {
        await RegisterAsync();
        var hold = _alice.Sign(_alice.Hold(_bob, 50, InAnHour) with { Captor = "grain:Table/t-1" });
        await _silo.Wallet.HoldAsync(hold);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HoldCaptureAsync(Capture(hold, _carol, 50) with { Captor = hold.Captor }, _bob.Context), "captor");
        await _silo.Wallet.HoldCaptureAsync(Capture(hold, _carol, 50) with { Captor = hold.Captor });
        await ExpectAsync(_carol, balance: 1050, held: 0);
    }

    [Fact]
    public async Task only_the_captor_releases()
    {
        await RegisterAsync();
        var hold = await PlaceAsync(300);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HoldReleaseAsync(Release(hold), _alice.Context), "captor");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HoldReleaseAsync(Release(hold) with { Captor = _alice.Captor }, _alice.Context), "captor");
        await RefusedAsync(XtmpErrorCode.HoldUnknown, _silo.Wallet.HoldReleaseAsync(Release(hold) with { HoldId = new byte[16] }, _bob.Context), "hold_id");
        var released = await _silo.Wallet.HoldReleaseAsync(Release(hold), _bob.Context);
        Assert.Equal((300UL, HoldState.Released), (released.Hold.Released, released.Hold.State));
        Assert.Equal(released, await _silo.Wallet.HoldReleaseAsync(Release(hold), _bob.Context));
        await ExpectAsync(_alice, balance: 1000, held: 0);
    }

    [Fact]
    public async Task owner_and_captor_see_a_hold_and_nobody_else()
    {
        await RegisterAsync();
        var hold = await PlaceAsync(300);
        var query = new WalletHoldStatus { Wallet = _alice.Id, HoldId = hold.OperationId };
        Assert.Equal(await _silo.Wallet.HoldStatusAsync(query, _alice.Context), await _silo.Wallet.HoldStatusAsync(query, _bob.Context));
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HoldStatusAsync(query, _carol.Context), "wallet");
        await RefusedAsync(XtmpErrorCode.HoldUnknown, _silo.Wallet.HoldStatusAsync(query with { HoldId = new byte[16] }, _alice.Context), "hold_id");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task what_nobody_captures_comes_back_in_time(bool silent)
    {
        await RegisterAsync();
        var soon = _alice.Hold(_bob, 100, InAnHour);
        var late = _alice.Hold(_bob, 200, InAnHour.AddHours(1));
        await _silo.Wallet.HoldAsync(late, _alice.Context);
        await _silo.Wallet.HoldAsync(soon, _alice.Context);
        if (silent)
        {
            // Nothing runs when the time comes.
            await _silo.Silo.DisposeAsync();
            _silo.Time.Advance(TimeSpan.FromMinutes(90));
            _silo.Restart();
        }
        else
        {
            _silo.Time.Advance(TimeSpan.FromMinutes(59));
            await _silo.Silo.WhenQuietAsync();
            await ExpectAsync(_alice, balance: 700, held: 300);
            _silo.Time.Advance(TimeSpan.FromMinutes(31));
        }

        await _silo.Silo.WhenQuietAsync();
        await ExpectAsync(_alice, balance: 800, held: 200);
        await RefusedAsync(XtmpErrorCode.HoldClosed, _silo.Wallet.HoldCaptureAsync(Capture(soon, _carol, 1), _bob.Context), "hold_id");
        _silo.Time.Advance(TimeSpan.FromMinutes(30));
        await _silo.Silo.WhenQuietAsync();
        await ExpectAsync(_alice, balance: 1000, held: 0);
        Assert.Null(await _silo.Store.ReadNextReminderAsync());
        Assert.Empty(_silo.Faults);
    }

    [Fact]
    public async Task a_capture_that_its_receiver_cannot_take_comes_back()
    {
        await using var silo = new GrainsFixture(new GrainOptions { OpeningBalance = long.MaxValue });
        await silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await silo.Wallet.RegisterAsync(_carol.Registration(), _carol.Context);
        var hold = _alice.Hold(_bob, 100, silo.Time.GetUtcNow().AddHours(1));
        await silo.Wallet.HoldAsync(hold, _alice.Context);
        var capture = Capture(hold, _carol, 100);
        await RefusedAsync(XtmpErrorCode.AmountInvalid, silo.Wallet.HoldCaptureAsync(capture, _bob.Context), "amount");
        await silo.Silo.WhenQuietAsync();
        await RefusedAsync(XtmpErrorCode.AmountInvalid, silo.Wallet.HoldCaptureAsync(capture, _bob.Context), "amount");
        var balance = await silo.Wallet.BalanceAsync(new WalletBalance { Wallet = _alice.Id }, _alice.Context);
        Assert.Equal(((ulong)long.MaxValue, 0UL, 0UL), (balance.Balance, balance.Held, balance.PendingOut));
    }

    [Fact]
    public async Task refuses_a_hold_beyond_the_limits()
    {
        await RegisterAsync();
        await RefusedAsync(XtmpErrorCode.TransferLimit, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 801, InAnHour), _alice.Context), "amount");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, _silo.Time.GetUtcNow()), _alice.Context), "expires_at");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, _silo.Time.GetUtcNow().AddDays(3)), _alice.Context), "expires_at");
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Wallet.HoldAsync(_alice.Hold(_alice, 1, InAnHour), _alice.Context), "captor");
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, InAnHour), _bob.Context), "wallet");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, InAnHour) with { Amount = 2 }, _alice.Context), "signature");
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, InAnHour) with { PqSignature = null }, _alice.Context), "pq_signature");
        for (var count = 0; count < 3; count++)
        {
            await PlaceAsync(1);
        }

        await RefusedAsync(XtmpErrorCode.TransferLimit, _silo.Wallet.HoldAsync(_alice.Hold(_bob, 1, InAnHour), _alice.Context), "wallet");
    }

    [Fact]
    public async Task transfers_and_holds_share_the_limit_of_a_day()
    {
        await RegisterAsync();
        await RefusedAsync(XtmpErrorCode.TransferLimit, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 801, nonce: 0), _alice.Context), "amount");
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 800, nonce: 0), _alice.Context);
        await _silo.Wallet.TransactionAsync(_bob.Transfer(_alice, 790, nonce: 0), _bob.Context);
        var hold = await PlaceAsync(690);
        await _silo.Wallet.HoldReleaseAsync(Release(hold), _bob.Context);
        await RefusedAsync(XtmpErrorCode.TransferLimit, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 11, nonce: 1), _alice.Context), "amount");
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 10, nonce: 1), _alice.Context);
        _silo.Time.Advance(TimeSpan.FromDays(1));
        await _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 800, nonce: 2), _alice.Context);
    }

    [Fact]
    public async Task history_is_read_page_by_page_while_it_grows()
    {
        await RegisterAsync();
        for (var nonce = 0UL; nonce < 5; nonce++)
        {
            await _silo.Wallet.TransactionAsync(_alice.Sign(_alice.Transfer(_bob, nonce + 1, nonce) with { Memo = $"no. {nonce}" }), _alice.Context);
        }

        var hold = await PlaceAsync(9);
        await _silo.Wallet.HoldCaptureAsync(Capture(hold, _carol, 4) with { Final = true }, _bob.Context);
        var seen = new List<WalletHistoryEntry>();
        ulong? before = null;
        do
        {
            var page = await _silo.Wallet.HistoryAsync(new WalletHistory { Wallet = _alice.Id, Before = before, Limit = 3 }, _alice.Context);
            Assert.InRange(page.Entries.Count, 1, 3);
            seen.AddRange(page.Entries);
            before = page.Next;
            await PlaceAsync(1);
        }
        while (before is not null);

        Assert.Equal(Enumerable.Range(0, 9).Reverse(), seen.Select(line => (int)line.Sequence));
        Assert.Equal(
            [WalletHistoryKind.Released, WalletHistoryKind.Captured, WalletHistoryKind.Held, .. Enumerable.Repeat(WalletHistoryKind.Sent, 5), WalletHistoryKind.Issued],
            seen.Select(line => line.Kind));
        Assert.Equal("no. 4", seen[3].Memo);
        var received = await _silo.Wallet.HistoryAsync(new WalletHistory { Wallet = _bob.Id, Limit = 1 }, _bob.Context);
        Assert.Equal(("no. 4", WalletHistoryKind.Received), (received.Entries[0].Memo, received.Entries[0].Kind));
        Assert.Equal(_alice.Id.ToArray(), received.Entries[0].Counterparty!.Value.ToArray());
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.HistoryAsync(new WalletHistory { Wallet = _alice.Id }, _bob.Context), "wallet");
    }

    private DateTimeOffset InAnHour => _silo.Time.GetUtcNow().AddHours(1);

    private async Task<WalletHold> PlaceAsync(ulong amount)
    {
        var hold = _alice.Hold(_bob, amount, InAnHour);
        await _silo.Wallet.HoldAsync(hold, _alice.Context);
        return hold;
    }

    private WalletHoldCapture Capture(WalletHold hold, TestWallet to, ulong amount) => new()
    {
        OperationId = Enumerable.Repeat(++_operation, 16).ToArray(),
        Wallet = hold.Wallet,
        HoldId = hold.OperationId,
        Captor = _bob.Captor,
        To = to.Id,
        Amount = amount,
    };

    private WalletHoldRelease Release(WalletHold hold) => new() { Wallet = hold.Wallet, HoldId = hold.OperationId, Captor = _bob.Captor };

    private async Task ExpectAsync(TestWallet wallet, ulong balance, ulong held)
    {
        var reply = await _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
        Assert.Equal((balance, held, 0UL), (reply.Balance, reply.Held, reply.PendingOut));
    }

    private async Task RegisterAsync()
    {
        foreach (var wallet in new[] { _alice, _bob, _carol })
        {
            await _silo.Wallet.RegisterAsync(wallet.Registration(), wallet.Context);
        }
    }
}
