using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Testing;

namespace Xtmp.Client.Tests;

/// <summary>A wallet over sessions that come and go.</summary>
public sealed class WalletTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly IdentityKey Key = TestIdentities.Client;

    private static readonly XtmpClientOptions Options = new()
    {
        ServerFingerprint = TestIdentities.Server.Public.Fingerprint,
        ReconnectDelay = TimeSpan.FromTicks(1),
        MaxReconnectDelay = TimeSpan.FromTicks(1),
    };

    [Fact]
    public async Task every_session_is_authenticated_before_anything_is_sent_again()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        var balance = new XtmpWallet(connection, Key).BalanceAsync().AsTask();
        ReadOnlyMemory<byte> signature = default;
        for (var session = 0; session < 2; session++)
        {
            var served = await server.AcceptAsync();
            var authentication = await served.TakeAsync();
            Assert.Equal(WalletMethods.Auth.Code, authentication.Code);
            var signed = authentication.Read<WalletAuth>().Ed25519Signature;
            Assert.False(signed.Span.SequenceEqual(signature.Span), "The signature belongs to its session.");
            signature = signed;
            served.Answer(authentication, AuthReply());
            var request = await served.TakeAsync();
            Assert.Equal(WalletMethods.Balance.Code, request.Code);
            if (session == 0)
            {
                served.Cut();
            }
            else
            {
                served.Answer(request, Balance(nonce: 3));
            }
        }

        Assert.Equal(3UL, (await balance.WaitAsync(Patience)).Nonce);
    }

    [Fact]
    public async Task a_transfer_whose_answer_is_lost_is_sent_again_unchanged()
    {
        await using var server = new ScriptedServer(TimeProvider.System);
        await using var connection = Connect(server, Options);
        byte[] bob = [.. Enumerable.Repeat((byte)7, 32)];
        var transfer = new XtmpWallet(connection, Key).TransferAsync(bob, 250_00).AsTask();
        var first = await server.AcceptAsync();
        first.Answer(await first.TakeAsync(), AuthReply());
        first.Answer(await first.TakeAsync(), Balance(nonce: 5));
        var sent = (await first.TakeAsync()).Read<WalletTransaction>();
        Assert.Equal((250_00UL, 5UL, "XTM"), (sent.Amount, sent.Nonce, sent.Currency));
        first.Cut();
        var second = await server.AcceptAsync();
        second.Answer(await second.TakeAsync(), AuthReply());
        var request = await second.TakeAsync();
        Assert.Equal(sent, request.Read<WalletTransaction>());
        second.Answer(request, new WalletTransactionReply { OperationId = sent.OperationId, Nonce = 6, Balance = 1, CommittedAt = DateTimeOffset.UnixEpoch });
        Assert.Equal(6UL, (await transfer.WaitAsync(Patience)).Nonce);
    }

    [Fact]
    public async Task every_wait_of_a_wallet_ends_at_the_deadline()
    {
        var time = new VirtualTimeProvider();
        await using var server = new ScriptedServer(time) { RefuseNext = int.MaxValue };
        await using var connection = Connect(server, Options with { TimeProvider = time, CallTimeout = TimeSpan.FromSeconds(10), ReconnectDelay = TimeSpan.FromHours(1), MaxReconnectDelay = TimeSpan.FromHours(1) });
        var wallet = new XtmpWallet(connection, Key);
        Task[] waiting = [wallet.RegisterAsync().AsTask(), wallet.TransferAsync(new byte[32], 1).AsTask(), wallet.BalanceAsync().AsTask()];
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        foreach (var task in waiting)
        {
            Assert.Equal(XtmpErrorCode.Timeout, (await Assert.ThrowsAsync<XtmpException>(() => task.WaitAsync(Patience))).Code);
        }
    }

    private static XtmpConnection Connect(ScriptedServer server, XtmpClientOptions options) => new([new("server.test", 1)], options, server.DialAsync);

    private static WalletAuthReply AuthReply() => new() { Wallet = Key.Public.Fingerprint.ToArray(), AuthenticatedAt = DateTimeOffset.UnixEpoch, Nonce = 0 };

    private static WalletBalanceReply Balance(ulong nonce) =>
        new() { Wallet = Key.Public.Fingerprint.ToArray(), Balance = 1_000_00, Currency = "XTM", Nonce = nonce, PendingOut = 0 };
}
