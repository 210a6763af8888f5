using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.TestKit;
using Xtmp.Transport;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Xtmp.Silo.Tests;

/// <summary>Three silo processes on one PostgreSQL, their clients spread over all of them.</summary>
public sealed class ClusterProcessTests(PostgresServer server) : IAsyncDisposable
{
    private const int Silos = 3;
    private const int Wallets = 9;
    private const ulong OpeningBalance = 1_000_000;
    private const string Network = "cluster";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-cluster-");
    private readonly SiloProcess?[] _silos = new SiloProcess?[Silos];
    private readonly IdentityKey[] _keys = [.. Enumerable.Range(0, Wallets).Select(_ => IdentityKey.Generate(SystemEntropy.Instance))];
    private readonly ulong[] _paid = new ulong[Wallets];
    private readonly int[] _acknowledged = new int[Wallets];
    private readonly Channel<int> _events = Channel.CreateUnbounded<int>();
    private string _database = "";

    public enum Change
    {
        Kill,
        RollingRestart,
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<SiloProcess>())
        {
            await silo.DisposeAsync();
        }

        Array.ForEach(_keys, key => key.Dispose());
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(Change.Kill)]
    [InlineData(Change.RollingRestart)]
    public async Task nothing_acknowledged_is_lost_or_doubled_when_silos_go_and_come(Change change)
    {
        _database = await server.NewDatabaseAsync();
        for (var silo = 0; silo < Silos; silo++)
        {
            await StartAsync(silo);
        }

        var wallets = _keys.Select(key => new XtmpWallet(key)).ToArray();
        for (var wallet = 0; wallet < Wallets; wallet++)
        {
            await using var client = await ConnectAsync(wallet % Silos, wallet);
            await wallets[wallet].RegisterAsync(client);
        }

        using var stop = new CancellationTokenSource();
        var longest = new TimeSpan[Wallets];
        var payers = Enumerable.Range(0, Wallets).Select(wallet => Task.Run(() => PayAsync(wallet, wallets, longest, stop.Token))).ToArray();
        await ReachAsync(5);
        if (change == Change.Kill)
        {
            await _silos[2]!.KillAsync();
            await ReachAsync(_acknowledged.Max() + 5);
        }
        else
        {
            for (var silo = 0; silo < Silos; silo++)
            {
                Assert.Equal(0, (await _silos[silo]!.InterruptAsync()).ExitCode);
                await StartAsync(silo);
                await ReachAsync(_acknowledged.Max() + 3);
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(payers).WaitAsync(Patience);
        TestContext.Current.TestOutputHelper?.WriteLine($"{change}: {_acknowledged.Sum()} transfers acknowledged; the longest took {longest.Max().TotalMilliseconds:F0} ms from its first try to its answer.");

        ulong total = 0;
        for (var wallet = 0; wallet < Wallets; wallet++)
        {
            await using var client = await ConnectAsync(wallet % 2, wallet);
            await wallets[wallet].AuthenticateAsync(client);
            var balance = await wallets[wallet].BalanceAsync(client);

            // What the killed silo had committed and not yet delivered waits for a sweep of the others, 30 s at most.
            using var patience = new CancellationTokenSource(Patience);
            while (balance.PendingOut > 0)
            {
                patience.Token.ThrowIfCancellationRequested();
                balance = await wallets[wallet].BalanceAsync(client);
            }

            Assert.Equal(0UL, balance.PendingOut);
            total += balance.Balance;
            Assert.Equal((ulong)_acknowledged[wallet], balance.Nonce);
        }

        for (var wallet = 0; wallet < Wallets; wallet++)
        {
            await using var client = await ConnectAsync(0, wallet);
            await wallets[wallet].AuthenticateAsync(client);
            Assert.Equal(OpeningBalance - _paid[wallet] + _paid[(wallet + Wallets - 1) % Wallets], (await wallets[wallet].BalanceAsync(client)).Balance);
        }

        Assert.Equal(Wallets * OpeningBalance, total);

        async Task ReachAsync(int each)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (_acknowledged.Min() < each && !payers.Any(payer => payer.IsFaulted))
            {
                await _events.Reader.ReadAsync(patience.Token);
            }
        }
    }

    /// <summary>Transfers to the next wallet, one after the other; after an error the same signed transfer goes to another silo.</summary>
    private async Task PayAsync(int payer, XtmpWallet[] wallets, TimeSpan[] longest, CancellationToken stop)
    {
        XtmpClient? client = null;
        var silo = payer % Silos;
        for (ulong nonce = 0; !stop.IsCancellationRequested; nonce++)
        {
            var amount = 1 + (nonce % 7);
            var transfer = wallets[payer].SignTransfer(Network, wallets[(payer + 1) % Wallets].Id, amount, "XTM", nonce);
            var started = Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    if (client is null)
                    {
                        client = await ConnectAsync(silo, payer);
                        await wallets[payer].AuthenticateAsync(client);
                    }

                    await client.Wallet.TransactionAsync(transfer);
                    _paid[payer] += amount;
                    Interlocked.Increment(ref _acknowledged[payer]);
                    _events.Writer.TryWrite(payer);
                    break;
                }
                catch (XtmpException error) when (error.Code < XtmpErrorCode.InsufficientFunds && error.Code != XtmpErrorCode.Internal)
                {
                    if (client is not null)
                    {
                        await client.DisposeAsync();
                        client = null;
                    }

                    silo = (silo + 1) % Silos;
                    _events.Writer.TryWrite(payer);
                }
            }

            var took = Stopwatch.GetElapsedTime(started);
            longest[payer] = took > longest[payer] ? took : longest[payer];
        }

        if (client is not null)
        {
            await client.DisposeAsync();
        }
    }

    private async Task StartAsync(int silo)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var endPoint = listener.LocalEndpoint.ToString()!;
        listener.Stop();
        _silos[silo] = await SiloProcess.StartAsync(
            Path.Combine(_directory.FullName, $"silo{silo}"),
            "--cluster", _database, "--silo-endpoint", endPoint, "--plain-silo-traffic", "--network", Network, "--opening-balance", $"{OpeningBalance}", "--development");
    }

    private Task<XtmpClient> ConnectAsync(int silo, int wallet) =>
        XtmpClient.ConnectAsync(_silos[silo]!.Endpoint, new XtmpClientOptions { ServerFingerprint = _silos[silo]!.Fingerprint, Identity = _keys[wallet], Network = Network });
}
