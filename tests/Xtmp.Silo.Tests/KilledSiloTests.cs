using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>A silo that dies in the middle of its work, as a real process under kill -9.</summary>
public sealed class KilledSiloTests
{
    private const int Transfers = 120;
    private const ulong OpeningBalance = 1_000_000;
    private const string Currency = "XTM";
    private const string Network = "killed";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task keeps_every_acknowledged_transfer_and_the_sum_of_money()
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

            // Early, in the middle and late: each start finds what the kill before has left.
            foreach (var killAfter in new[] { 12, 54, 102 })
            {
                await using var silo = await SiloProcess.StartAsync(directory.FullName, arguments);
                var client = await ConnectAsync(silo, aliceKeys);
                await using (var bobClient = await ConnectAsync(silo, bobKeys))
                {
                    await new XtmpWallet(bobClient, bobKeys).RegisterAsync();
                }

                var alice = new XtmpWallet(client, aliceKeys);
                await alice.RegisterAsync();
                var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var sending = Task.Run(async () =>
                {
                    try
                    {
                        // What was under way when the last one died is asked again first.
                        for (var index = Array.FindIndex(acknowledged, reply => reply is null); index < Transfers; index++)
                        {
                            acknowledged[index] = await alice.SendAsync(transfers[index]);
                            if (index + 1 >= killAfter)
                            {
                                enough.TrySetResult();
                            }
                        }

                        enough.TrySetResult();
                    }
                    catch (Exception error) when (error is XtmpException or ObjectDisposedException)
                    {
                        // The silo is dead, as it should be, and nobody waits for it to come back.
                    }
                });
                await enough.Task.WaitAsync(Patience);
                await silo.KillAsync();
                await client.DisposeAsync();
                await sending;
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
