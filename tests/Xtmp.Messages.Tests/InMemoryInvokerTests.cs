using Xtmp.Protocol;


namespace Xtmp.Messages.Tests;

public sealed class InMemoryInvokerTests
{
    private static readonly byte[] Wallet = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public async Task Carries_a_call_through_the_codecs()
    {
        var handler = new FixedWallet();
        var invoker = new InMemoryInvoker(new HandlerInvoker(handler, WalletMethods.All));
        var client = new WalletClient(invoker);

        var balance = await client.BalanceAsync(new WalletBalance { Wallet = Wallet }, TestContext.Current.CancellationToken);

        Assert.Equal(42UL, balance.Balance);
        Assert.Equal(new WalletBalance { Wallet = Wallet }, handler.Seen);
        Assert.Equal(handler.Seen!.GetEncodedSize() + balance.GetEncodedSize(), invoker.BytesCarried);
    }

    [Fact]
    public async Task Refuses_what_the_schema_forbids_before_it_is_sent()
    {
        var handler = new FixedWallet();
        var client = new WalletClient(new InMemoryInvoker(new HandlerInvoker(handler, WalletMethods.All)));

        var refused = await Assert.ThrowsAsync<XtmpException>(async () => await client.BalanceAsync(new WalletBalance { Wallet = new byte[31] }));

        Assert.Equal(XtmpErrorCode.PayloadInvalid, refused.Code);
        Assert.Equal("wallet", refused.Field);
        Assert.Null(handler.Seen);
    }

    [Fact]
    public void Names_the_grain_key_the_schema_names() =>
        Assert.Equal(Convert.ToHexStringLower(Wallet), WalletMethods.Balance.GetKey(new WalletBalance { Wallet = Wallet }, default));

    [Fact]
    public async Task Refuses_a_method_of_another_handler()
    {
        var invoker = new HandlerInvoker(new FixedWallet(), WalletMethods.All);

        var refused = await Assert.ThrowsAsync<XtmpException>(async () =>
            await new BundleClient(invoker).StatusAsync(new BundleStatus { BundleId = "b" }));

        Assert.Equal(XtmpErrorCode.NotServed, refused.Code);
    }

    private sealed class FixedWallet : IWalletHandler
    {
        public WalletBalance? Seen { get; private set; }

        public ValueTask<WalletBalanceReply> BalanceAsync(WalletBalance request, CallContext context = default)
        {
            Seen = request;
            return ValueTask.FromResult(new WalletBalanceReply { Wallet = request.Wallet, Balance = 42, Currency = "XTM", Nonce = 7, PendingOut = 0 });
        }

        public ValueTask<WalletRegisterReply> RegisterAsync(WalletRegister request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletAuthReply> AuthAsync(WalletAuth request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletTransactionReply> TransactionAsync(WalletTransaction request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletCreditReply> CreditAsync(WalletCredit request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletHistoryReply> HistoryAsync(WalletHistory request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletHoldReply> HoldAsync(WalletHold request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletHoldCaptureReply> HoldCaptureAsync(WalletHoldCapture request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletHoldReleaseReply> HoldReleaseAsync(WalletHoldRelease request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletHoldStatusReply> HoldStatusAsync(WalletHoldStatus request, CallContext context = default) => throw new InvalidOperationException();

        public ValueTask<WalletSnapshotReply> SnapshotAsync(WalletSnapshot request, CallContext context = default) => throw new InvalidOperationException();
    }
}
