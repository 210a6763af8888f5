using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Storage;
using Xtmp.TestKit;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Wallets;

public sealed class TransferTests : IAsyncDisposable
{
    private readonly TestWallet _alice = new(1);
    private readonly TestWallet _bob = new(2);
    private GrainsFixture _silo = new();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task refuses_a_transfer_signed_for_another_network()
    {
        await RegisterAsync();
        var transfer = _alice.Transfer(_bob, 10, nonce: 0);
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.TransactionAsync(_alice.Sign(transfer, "another network"), _alice.Context), "signature");
        await _silo.Wallet.TransactionAsync(transfer, _alice.Context);
    }

    [Fact]
    public async Task moves_money_and_settles_before_it_answers()
    {
        await RegisterAsync();
        var reply = await SendAsync(_alice.Transfer(_bob, 300, nonce: 0));
        Assert.Equal(700UL, reply.Balance);
        Assert.Equal(1UL, reply.Nonce);
        await ExpectAsync(_alice, 700, nonce: 1);
        await ExpectAsync(_bob, 1300, nonce: 0);
    }

    [Fact]
    public async Task a_repeat_answers_as_the_first_even_after_later_ones_and_after_a_restart()
    {
        await RegisterAsync();
        var transfer = _alice.Transfer(_bob, 300, nonce: 0);
        var first = await SendAsync(transfer);
        Assert.Equal(Bytes(first), Bytes(await SendAsync(transfer)));
        await SendAsync(_alice.Transfer(_bob, 100, nonce: 1));
        _silo.Time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(Bytes(first), Bytes(await SendAsync(transfer)));
        _silo.Restart();
        Assert.Equal(Bytes(first), Bytes(await SendAsync(transfer)));
        await ExpectAsync(_alice, 600, nonce: 2);
        await ExpectAsync(_bob, 1400, nonce: 0);
    }

    [Fact]
    public async Task refuses_another_transfer_under_a_used_operation_id()
    {
        await RegisterAsync();
        var transfer = _alice.Transfer(_bob, 300, nonce: 0);
        await SendAsync(transfer);
        var other = _alice.Transfer(_bob, 301, nonce: 1, operation: transfer.OperationId.ToArray());
        await RefusedAsync(XtmpErrorCode.Conflict, _silo.Wallet.TransactionAsync(other, _alice.Context), "operation_id");
        await ExpectAsync(_alice, 700, nonce: 1);
    }

    [Fact]
    public async Task two_wallets_may_use_the_same_operation_id()
    {
        await RegisterAsync();
        var carol = new TestWallet(3);
        await _silo.Wallet.RegisterAsync(carol.Registration(), carol.Context);
        var operation = new byte[16];
        await SendAsync(_alice.Transfer(carol, 10, nonce: 0, operation: operation));
        await _silo.Wallet.TransactionAsync(_bob.Transfer(carol, 20, nonce: 0, operation: operation), _bob.Context);
        await ExpectAsync(carol, 1030, nonce: 0);
    }

    [Theory]
    [InlineData(XtmpErrorCode.NonceMismatch, "nonce", 5UL, 1UL, Currency)]
    [InlineData(XtmpErrorCode.InsufficientFunds, "amount", 0UL, 1001UL, Currency)]
    [InlineData(XtmpErrorCode.PayloadInvalid, "currency", 0UL, 1UL, "EUR")]
    [InlineData(XtmpErrorCode.AmountInvalid, "amount", 0UL, 0UL, Currency)]
    [InlineData(XtmpErrorCode.AmountInvalid, "amount", 0UL, (ulong)long.MaxValue + 1, Currency)]
    [InlineData(XtmpErrorCode.AmountInvalid, "amount", 0UL, ulong.MaxValue, Currency)]
    public async Task refuses_a_transfer_with_a_wrong(XtmpErrorCode code, string field, ulong nonce, ulong amount, string currency)
    {
        await RegisterAsync();
        await RefusedAsync(code, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, amount, nonce, currency), _alice.Context), field);
        await ExpectAsync(_alice, 1000, nonce: 0);
        await ExpectAsync(_bob, 1000, nonce: 0);
    }

    [Fact]
    public async Task a_whole_balance_can_be_sent()
    {
        await RegisterAsync();
        await SendAsync(_alice.Transfer(_bob, 1000, nonce: 0));
        await ExpectAsync(_alice, 0, nonce: 1);
        await ExpectAsync(_bob, 2000, nonce: 0);
    }

    [Fact]
    public async Task refuses_a_nonce_twice()
    {
        await RegisterAsync();
        await SendAsync(_alice.Transfer(_bob, 1, nonce: 0));
        await RefusedAsync(XtmpErrorCode.NonceMismatch, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, nonce: 0), _alice.Context), "nonce");
    }

    [Fact]
    public async Task refuses_an_unknown_receiver_before_it_debits()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await RefusedAsync(XtmpErrorCode.WalletUnknown, _silo.Wallet.TransactionAsync(_alice.Transfer(_bob, 1, nonce: 0), _alice.Context), "to");
        await ExpectAsync(_alice, 1000, nonce: 0);
    }

    [Fact]
    public async Task refuses_a_wallet_that_pays_itself()
    {
        await RegisterAsync();
        await RefusedAsync(XtmpErrorCode.PayloadInvalid, _silo.Wallet.TransactionAsync(_alice.Transfer(_alice, 1, nonce: 0), _alice.Context), "to");
    }

    [Fact]
    public async Task refuses_a_session_that_speaks_for_another_wallet()
    {
        await RegisterAsync();
        var transfer = _alice.Transfer(_bob, 1, nonce: 0);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.TransactionAsync(transfer, _bob.Context), "from");
        await RefusedAsync(XtmpErrorCode.AuthenticationRequired, _silo.Wallet.TransactionAsync(transfer));

        // Not even a repeat is answered to a stranger.
        await SendAsync(transfer);
        await RefusedAsync(XtmpErrorCode.PermissionDenied, _silo.Wallet.TransactionAsync(transfer, _bob.Context), "from");
    }

    [Fact]
    public async Task refuses_a_transfer_that_was_changed_after_it_was_signed()
    {
        await RegisterAsync();
        var carol = new TestWallet(3);
        await _silo.Wallet.RegisterAsync(carol.Registration(), carol.Context);
        var signed = _alice.Transfer(_bob, 10, nonce: 0);
        WalletTransaction[] changed =
        [
            signed with { Amount = 11 },
            signed with { To = carol.Id },
            signed with { Memo = "changed" },
            signed with { OperationId = new byte[16] },
            signed with { Signature = new byte[64] },
            signed with { PqSignature = new byte[4627] },
            signed with { Signature = _bob.Sign(signed).Signature },
            signed with { PqSignature = _bob.Sign(signed).PqSignature },
        ];
        foreach (var transfer in changed)
        {
            await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.TransactionAsync(transfer, _alice.Context), "signature");
        }

        await ExpectAsync(_alice, 1000, nonce: 0);
    }

    [Fact]
    public async Task asks_for_the_post_quantum_signature_unless_told_otherwise()
    {
        await RegisterAsync();
        var classical = _alice.Transfer(_bob, 10, nonce: 0) with { PqSignature = null };
        await RefusedAsync(XtmpErrorCode.SignatureInvalid, _silo.Wallet.TransactionAsync(classical, _alice.Context), "pq_signature");

        await using var lenient = new GrainsFixture(new GrainOptions { OpeningBalance = 1000, RequirePqSignature = false });
        await lenient.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await lenient.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
        Assert.Equal(990UL, (await lenient.Wallet.TransactionAsync(classical, _alice.Context)).Balance);
        await RefusedAsync(
            XtmpErrorCode.SignatureInvalid,
            lenient.Wallet.TransactionAsync(_alice.Transfer(_bob, 10, nonce: 1) with { Signature = new byte[64], PqSignature = null }, _alice.Context),
            "signature");
        await RefusedAsync(
            XtmpErrorCode.SignatureInvalid,
            lenient.Wallet.TransactionAsync(_alice.Transfer(_bob, 10, nonce: 1) with { PqSignature = new byte[4627] }, _alice.Context),
            "signature");
    }

    [Fact]
    public async Task a_receiver_that_cannot_hold_the_money_gives_it_back()
    {
        await using var rich = new GrainsFixture(new GrainOptions { OpeningBalance = long.MaxValue });
        await rich.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await rich.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
        var transfer = _alice.Transfer(_bob, 5, nonce: 0);
        var first = await RefusedAsync(XtmpErrorCode.AmountInvalid, rich.Wallet.TransactionAsync(transfer, _alice.Context), "amount");
        var second = await RefusedAsync(XtmpErrorCode.AmountInvalid, rich.Wallet.TransactionAsync(transfer, _alice.Context), "amount");
        Assert.Equal(first.Message, second.Message);
        var balance = await rich.Wallet.BalanceAsync(new WalletBalance { Wallet = _alice.Id }, _alice.Context);
        Assert.Equal((ulong)long.MaxValue, balance.Balance);
        Assert.Equal(0UL, balance.PendingOut);
        Assert.Equal(1UL, balance.Nonce);
        Assert.Empty(rich.Faults);
    }

    [Fact]
    public async Task a_credit_is_taken_once_however_often_it_is_delivered()
    {
        await RegisterAsync();
        var credit = new WalletCredit { OperationId = new byte[16], Wallet = _bob.Id, From = _alice.Id, Amount = 50, Currency = Currency };
        var first = await _silo.Wallet.CreditAsync(credit);
        Assert.False(first.Duplicate);
        Assert.Equal(first with { Duplicate = true }, await _silo.Wallet.CreditAsync(credit));
        _silo.Restart();
        Assert.Equal(first with { Duplicate = true }, await _silo.Wallet.CreditAsync(credit));
        await ExpectAsync(_bob, 1050, nonce: 0);
    }

    [Fact]
    public async Task wallets_that_pay_each_other_at_once_do_not_wait_on_each_other()
    {
        await RegisterAsync();
        var there = Task.Run(async () =>
        {
            for (var nonce = 0UL; nonce < 50; nonce++)
            {
                await SendAsync(_alice.Transfer(_bob, 3, nonce));
            }
        });
        var back = Task.Run(async () =>
        {
            for (var nonce = 0UL; nonce < 50; nonce++)
            {
                await _silo.Wallet.TransactionAsync(_bob.Transfer(_alice, 2, nonce), _bob.Context);
            }
        });
        await Task.WhenAll(there, back).WaitAsync(Patience);
        await ExpectAsync(_alice, 950, nonce: 50);
        await ExpectAsync(_bob, 1050, nonce: 50);
    }

    [Fact]
    public async Task answers_when_the_receiver_is_slow_and_shows_what_is_on_its_way()
    {
        var faulty = new FaultyStore(_silo.Store);
        _silo.Restart(faulty);
        await RegisterAsync();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        faulty.BeforeCommit = commit =>
        {
            if (commit.Id.Key != _bob.Key)
            {
                return ValueTask.CompletedTask;
            }

            arrived.TrySetResult();
            return new ValueTask(gate.Task);
        };
        var call = SendAsync(_alice.Transfer(_bob, 300, nonce: 0));
        await arrived.Task.WaitAsync(Patience);
        var balance = await _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = _alice.Id }, _alice.Context);
        Assert.Equal((700UL, 300UL), (balance.Balance, balance.PendingOut));
        Assert.False(call.IsCompleted);
        _silo.Time.Advance(_silo.Options.SettlementWait);
        Assert.Equal(700UL, (await call.WaitAsync(Patience)).Balance);
        gate.SetResult();
        await _silo.Silo.WhenQuietAsync();
        await ExpectAsync(_alice, 700, nonce: 1);
        await ExpectAsync(_bob, 1300, nonce: 0);
    }

    private async Task RegisterAsync()
    {
        await _silo.Wallet.RegisterAsync(_alice.Registration(), _alice.Context);
        await _silo.Wallet.RegisterAsync(_bob.Registration(), _bob.Context);
    }

    private Task<WalletTransactionReply> SendAsync(WalletTransaction transfer) => _silo.Wallet.TransactionAsync(transfer, _alice.Context).AsTask();

    private async Task ExpectAsync(TestWallet wallet, ulong balance, ulong nonce)
    {
        var reply = await _silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
        Assert.Equal((balance, 0UL, nonce), (reply.Balance, reply.PendingOut, reply.Nonce));
    }

    private static byte[] Bytes(IXtmpStruct value)
    {
        var bytes = new byte[value.GetEncodedSize()];
        value.Encode(bytes);
        return bytes;
    }
}
