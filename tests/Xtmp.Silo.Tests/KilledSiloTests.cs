using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>A silo that dies in the middle of its work, as a real process under kill -9.</summary>
public sealed class KilledSiloTests
{
    private const int Transfers = 200;
    private const ulong OpeningBalance = 1_000_000;
    private const string Currency = "XTM";
    private const string Network = "killed";

    [Theory]
    [InlineData(20)]
    [InlineData(90)]
    [InlineData(170)]
    public async Task keeps_every_acknowledged_transfer_and_the_sum_of_money(int killAfter)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-kill-");
        try
        {
            using var aliceKeys = IdentityKey.Generate(SystemEntropy.Instance);
            using var bobKeys = IdentityKey.Generate(SystemEntropy.Instance);
            var alice = new XtmpWallet(aliceKeys);
            var bob = new XtmpWallet(bobKeys);
            var transfers = Enumerable.Range(0, Transfers)
                .Select(index => alice.SignTransfer(Network, bob.Id, (ulong)(index + 1), Currency, nonce: (ulong)index))
                .ToArray();
            var acknowledged = new WalletTransactionReply?[Transfers];

            var arguments = new[] { "--development", "--opening-balance", $"{OpeningBalance}", "--currency", Currency, "--network", Network };
            await using (var silo = await SiloProcess.StartAsync(directory.FullName, arguments))
            {
                var client = await ConnectAsync(silo, aliceKeys);
                await using (var bobClient = await ConnectAsync(silo, bobKeys))
                {
                    await bob.RegisterAsync(bobClient);
                }

                await alice.RegisterAsync(client);
                await alice.AuthenticateAsync(client);
                var done = 0;
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var sending = Task.Run(async () =>
                {
                    // A few at a time, in nonce order: some are in flight when the process dies.
                    try
                    {
                        for (var index = 0; index < Transfers; index++)
                        {
                            acknowledged[index] = await client.Wallet.TransactionAsync(transfers[index]);
                            if (Interlocked.Increment(ref done) == killAfter)
                            {
                                enough.TrySetResult();
                            }
                        }
                    }
                    catch (XtmpException)
                    {
                        // The silo is dead, as it should be.
                    }
                });
                await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
                await silo.KillAsync();
                await sending;
                await client.DisposeAsync();
                Assert.InRange(done, killAfter, Transfers);
            }

            await using (var silo = await SiloProcess.StartAsync(directory.FullName, arguments))
            await using (var aliceClient = await ConnectAsync(silo, aliceKeys))
            await using (var bobClient = await ConnectAsync(silo, bobKeys))
            {
                await alice.AuthenticateAsync(aliceClient);
                await bob.AuthenticateAsync(bobClient);

                // Every acknowledged transfer answers as it did; the rest are carried out now, each at most once.
                for (var index = 0; index < Transfers; index++)
                {
                    var reply = await aliceClient.Wallet.TransactionAsync(transfers[index]);
                    if (acknowledged[index] is { } before)
                    {
                        Assert.Equal(before, reply);
                    }
                }

                var sent = (ulong)(Transfers * (Transfers + 1) / 2);
                var ofAlice = await alice.BalanceAsync(aliceClient);
                var ofBob = await bob.BalanceAsync(bobClient);
                Assert.Equal(OpeningBalance - sent, ofAlice.Balance);
                Assert.Equal(OpeningBalance + sent, ofBob.Balance);
                Assert.Equal(0UL, ofAlice.PendingOut);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Task<XtmpClient> ConnectAsync(SiloProcess silo, IdentityKey identity) =>
        XtmpClient.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity });
}
