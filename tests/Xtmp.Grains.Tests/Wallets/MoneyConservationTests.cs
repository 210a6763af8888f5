using Xtmp.Grains.State;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;

namespace Xtmp.Grains.Tests.Wallets;

/// <summary>
/// Random transfers among wallets, with repeats, forgeries, several callers at once, and silos that die between any two
/// commits. Money is conserved, and every transfer that was acknowledged stands and answers as it did. A failure names
/// its seed.
/// </summary>
public sealed class MoneyConservationTests
{
    private const int Wallets = 5;
    private const ulong Opening = 1000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task money_is_conserved_over_crashes(int seed)
    {
        try
        {
            await RunAsync(seed);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {seed}: {error.Message}", error);
        }
    }

    private static async Task RunAsync(int seed)
    {
        var random = new Random(seed);

        // Classical signatures are enough here, and let the run make more transfers in its time.
        await using var silo = new GrainsFixture(new GrainOptions { OpeningBalance = Opening, RequirePqSignature = false });
        var wallets = Enumerable.Range(0, Wallets).Select(index => new TestWallet((ulong)((seed * 100) + index))).ToArray();
        foreach (var wallet in wallets)
        {
            await silo.Wallet.RegisterAsync(wallet.Registration(), wallet.Context);
        }

        var acknowledged = new List<(int Wallet, WalletTransaction Transfer, WalletTransactionReply Reply)>();
        var unanswered = new List<(int Wallet, WalletTransaction Transfer)>();
        for (var life = 0; life < 12; life++)
        {
            var store = new FaultyStore(silo.Store);
            silo.Restart(store);
            var commitsLeft = random.Next(3, 40);
            var crashAfter = random.Next(2) == 0;
            var crashed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ValueTask Count()
            {
                if (Interlocked.Decrement(ref commitsLeft) == 0)
                {
                    store.Crash();
                    crashed.SetResult();
                }

                return ValueTask.CompletedTask;
            }

            if (crashAfter)
            {
                store.AfterCommit = _ => Count();
            }
            else
            {
                store.BeforeCommit = _ => Count();
            }

            var seeds = Enumerable.Range(0, Wallets).Select(_ => random.Next()).ToArray();
            var retries = unanswered.ToArray();
            unanswered.Clear();
            var living = Task.WhenAll(Enumerable.Range(0, Wallets).Select(index => Task.Run(() => LiveAsync(silo, wallets, index, seeds[index], retries))));
            await Task.WhenAny(living, crashed.Task);
            while (!living.IsCompleted)
            {
                // Replies that wait for a delivery leave when their patience is over, also on a silo that can store nothing.
                silo.Time.Advance(silo.Options.SettlementWait);
                await Task.Yield();
            }

            var outcomes = await living;
            foreach (var (done, open) in outcomes)
            {
                acknowledged.AddRange(done);
                unanswered.AddRange(open);
            }

            await silo.Silo.WhenQuietAsync();
            CheckStore(silo);
        }

        silo.Restart();
        await silo.Silo.WhenQuietAsync();
        foreach (var (index, transfer) in unanswered)
        {
            // Either it happened, and this is its answer, or it happens now, or its time has passed.
            await TryAsync(silo, wallets[index], transfer);
        }

        await silo.Silo.WhenQuietAsync();
        Assert.NotEmpty(acknowledged);
        foreach (var (index, transfer, reply) in acknowledged)
        {
            Assert.Equal(reply, await silo.Wallet.TransactionAsync(transfer, wallets[index].Context));
        }

        var total = 0UL;
        foreach (var wallet in wallets)
        {
            var balance = await silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallet.Id }, wallet.Context);
            Assert.Equal(0UL, balance.PendingOut);
            total += balance.Balance;
        }

        Assert.Equal(Wallets * Opening, total);
        Assert.Empty(await silo.Store.ReadOutboxAsync(null, 10));
    }

    // One wallet's client during one life of the silo: until it dies, or after a number of transfers.
    private static async Task<(List<(int, WalletTransaction, WalletTransactionReply)> Done, List<(int, WalletTransaction)> Open)> LiveAsync(
        GrainsFixture silo, TestWallet[] wallets, int self, int seed, (int Wallet, WalletTransaction Transfer)[] retries)
    {
        var random = new Random(seed);
        var done = new List<(int, WalletTransaction, WalletTransactionReply)>();
        var open = new List<(int, WalletTransaction)>();
        async Task<bool> SendAsync(WalletTransaction transfer)
        {
            var (reply, error) = await TryAsync(silo, wallets[self], transfer);
            if (reply is not null)
            {
                done.Add((self, transfer, reply));
            }
            else if (error!.Code is XtmpErrorCode.StorageUnavailable or XtmpErrorCode.Timeout)
            {
                open.Add((self, transfer));
                return false;
            }

            return true;
        }

        foreach (var (_, transfer) in retries.Where(retry => retry.Wallet == self))
        {
            await SendAsync(transfer);
        }

        for (var i = 0; i < 12; i++)
        {
            ulong nonce;
            try
            {
                nonce = (await silo.Wallet.BalanceAsync(new WalletBalance { Wallet = wallets[self].Id }, wallets[self].Context)).Nonce;
            }
            catch (XtmpException)
            {
                break;
            }

            var to = wallets[(self + random.Next(1, Wallets)) % Wallets];
            var transfer = wallets[self].Transfer(to, 2 * (ulong)random.Next(1, 300), random.Next(10) == 0 ? nonce + 1 : nonce) with { PqSignature = null };
            if (random.Next(10) == 0)
            {
                // Odd amounts are those that nobody signed.
                transfer = transfer with { Amount = transfer.Amount + 1 };
            }

            // Some are sent twice at once, as a client does that reconnects.
            var twice = random.Next(4) == 0 ? SendAsync(transfer) : Task.FromResult(true);
            if (!await SendAsync(transfer) | !await twice)
            {
                break;
            }
        }

        return (done, open);
    }

    private static async Task<(WalletTransactionReply? Reply, XtmpException? Error)> TryAsync(GrainsFixture silo, TestWallet wallet, WalletTransaction transfer)
    {
        var isForged = transfer.Amount % 2 == 1;
        try
        {
            var reply = await silo.Wallet.TransactionAsync(transfer, wallet.Context);
            Assert.False(isForged, "A forged transfer was carried out.");
            return (reply, null);
        }
        catch (XtmpException error)
        {
            // The silo dies, the nonce is another's, or the money is gone: whatever else is refused was forged.
            Assert.True(
                error.Code is XtmpErrorCode.StorageUnavailable or XtmpErrorCode.Timeout or XtmpErrorCode.NonceMismatch or XtmpErrorCode.InsufficientFunds
                || (isForged && error.Code == XtmpErrorCode.SignatureInvalid),
                error.ToString());
            return (null, error);
        }
    }

    // What is stored at any moment: nothing is made from nothing, and what is missing from balances is on its way.
    private static void CheckStore(GrainsFixture silo)
    {
        var balances = 0UL;
        var pending = 0UL;
        foreach (var (_, record) in silo.Store.ReadAll("Wallet"))
        {
            var state = StoredValues.Decode<WalletState>(record.State);
            balances += state.Balance;
            pending += state.PendingOut + state.Held;
        }

        Assert.InRange(balances, 0UL, Wallets * Opening);
        Assert.InRange(balances + pending, Wallets * Opening, ulong.MaxValue);
    }
}
