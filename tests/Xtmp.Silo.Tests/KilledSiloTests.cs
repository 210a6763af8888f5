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
            var bobId = bobKeys.Public.Fingerprint.ToArray();
            var transfers = Enumerable.Range(0, Transfers)
                .Select(index => XtmpWallet.SignTransfer(aliceKeys, Network, bobId, (ulong)(index + 1), Currency, nonce: (ulong)index))
                .ToArray();
            var acknowledged = new WalletTransactionReply?[Transfers];

            var arguments = new[] { "--development", "--opening-balance", $"{OpeningBalance}", "--currency", Currency, "--network", Network };
            await using (var silo = await SiloProcess.StartAsync(directory.FullName, arguments))
            {
                var client = await ConnectAsync(silo, aliceKeys);
                await using (var bobClient = await ConnectAsync(silo, bobKeys))
                {
                    await new XtmpWallet(bobClient, bobKeys).RegisterAsync();
                }

                var alice = new XtmpWallet(client, aliceKeys);
                await alice.RegisterAsync();
                var done = 0;
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var sending = Task.Run(async () =>
                {
                    // A few at a time, in nonce order: some are in flight when the process dies.
                    try
                    {
                        for (var index = 0; index < Transfers; index++)
                        {
                            acknowledged[index] = await alice.SendAsync(transfers[index]);
                            if (Interlocked.Increment(ref done) == killAfter)
                            {
                                enough.TrySetResult();
                            }
                        }
                    }
                    catch (Exception error) when (error is XtmpException or ObjectDisposedException)
                    {
                        // The silo is dead, as it should be, and nobody waits for it to come back.
                    }
                });
                await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
                await silo.KillAsync();
                await client.DisposeAsync();
                await sending;
                Assert.InRange(done, killAfter, Transfers);
            }

            await using (var silo = await SiloProcess.StartAsync(directory.FullName, arguments))
            await using (var aliceClient = await ConnectAsync(silo, aliceKeys))
            await using (var bobClient = await ConnectAsync(silo, bobKeys))
            {
                var alice = new XtmpWallet(aliceClient, aliceKeys);
                var bob = new XtmpWallet(bobClient, bobKeys);

                // Every acknowledged transfer answers as it did; the rest are carried out now, each at most once.
                for (var index = 0; index < Transfers; index++)
                {
                    var reply = await alice.SendAsync(transfers[index]);
                    if (acknowledged[index] is { } before)
                    {
                        Assert.Equal(before, reply);
                    }
                }

                var sent = (ulong)(Transfers * (Transfers + 1) / 2);
                var ofAlice = await alice.BalanceAsync();
                var ofBob = await bob.BalanceAsync();
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

    private static Task<XtmpConnection> ConnectAsync(SiloProcess silo, IdentityKey identity) =>
        XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity });
}
