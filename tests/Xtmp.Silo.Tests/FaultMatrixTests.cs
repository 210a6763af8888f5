using System.Net;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>
/// Wallets that transfer while their connections are cut and their silo is killed: an acknowledged transfer is there, and
/// once. The long run is behind XTMP_FAULTS=long.
/// </summary>
public sealed class FaultMatrixTests
{
    private const ulong OpeningBalance = 1_000_000;
    private const int Seed = 11;

    [Fact]
    public async Task no_acknowledged_transfer_is_lost_or_doubled()
    {
        var isLong = Environment.GetEnvironmentVariable("XTMP_FAULTS") == "long";
        await RunAsync(clients: isLong ? 500 : 12, transfers: isLong ? 100 : 10, cuts: isLong ? 200 : 10, kills: isLong ? 2 : 1);
    }

    private static async Task RunAsync(int clients, int transfers, int cuts, int kills)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-faults-");
        var arguments = new[] { "--development", "--opening-balance", $"{OpeningBalance}", "--network", "faults", "--log-level", "Error" };
        await using var proxy = new FaultyProxy(Seed);
        var silo = await SiloProcess.StartAsync(directory.FullName, arguments);
        try
        {
            var port = IPEndPoint.Parse(silo.Endpoint["xtmp://".Length..]).Port;
            proxy.Target = new IPEndPoint(IPAddress.Loopback, port);
            var options = new XtmpClientOptions
            {
                ServerFingerprint = silo.Fingerprint,
                Network = "faults",
                CallTimeout = TimeSpan.FromMinutes(4),
                MaxReconnectDelay = TimeSpan.FromSeconds(1),
            };
            using var bankKeys = IdentityKey.Generate(SystemEntropy.Instance);
            var bankId = bankKeys.Public.Fingerprint.ToArray();
            await using var bankClient = new XtmpConnection($"xtmp://{proxy.EndPoint}", options);
            var bank = new XtmpWallet(bankClient, bankKeys);
            await bank.RegisterAsync();

            var acknowledged = 0L;
            var step = new SemaphoreSlim(0);
            var working = Enumerable.Range(0, clients).Select(async _ =>
            {
                using var keys = IdentityKey.Generate(SystemEntropy.Instance);
                await using var connection = new XtmpConnection($"xtmp://{proxy.EndPoint}", options);
                var wallet = new XtmpWallet(connection, keys);
                await wallet.RegisterAsync();
                for (var index = 0; index < transfers; index++)
                {
                    await wallet.TransferAsync(bankId, 1);
                    Interlocked.Increment(ref acknowledged);
                    step.Release();
                }

                return (await wallet.BalanceAsync()).Balance;
            }).ToArray();

            // Cuts and kills are spread over the work by its own steps.
            var total = clients * transfers;
            for (int done = 0, cut = 0, killed = 0; cut < cuts || killed < kills; done++)
            {
                var arrived = step.WaitAsync();
                await Task.WhenAny([arrived, .. working.Where(task => task.IsFaulted)]).WaitAsync(TimeSpan.FromMinutes(10));
                await Task.WhenAll(working.Where(task => task.IsFaulted));
                if (cut < cuts && done >= (cut + 1) * total / (cuts + 2))
                {
                    cut += proxy.Cut(half: cut % 4 == 3) ? 1 : 0;
                }

                if (killed < kills && done >= (killed + 1) * total / (kills + 2))
                {
                    await silo.KillAsync();
                    await silo.DisposeAsync();
                    silo = await SiloProcess.StartOnAsync(port, directory.FullName, arguments);
                    killed++;
                }
            }

            var balances = await Task.WhenAll(working).WaitAsync(TimeSpan.FromMinutes(10));
            Assert.Equal(total, acknowledged);
            Assert.All(balances, balance => Assert.Equal(OpeningBalance - (ulong)transfers, balance));

            // What was acknowledged is on its way to the bank, however often the silo was killed since.
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(10));
            await foreach (var update in bank.UpdatesAsync(patience.Token))
            {
                if (update.Body is UpdateBody.WalletBalanceArm { Value: var now } && now.Balance >= OpeningBalance + (ulong)total)
                {
                    break;
                }
            }

            Assert.Equal(OpeningBalance + (ulong)total, (await bank.BalanceAsync()).Balance);
        }
        finally
        {
            await silo.DisposeAsync();
            directory.Delete(recursive: true);
        }
    }
}
