using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Transport;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Xtmp.Silo.Tests;

/// <summary>
/// Three silo processes on one PostgreSQL, their clients spread over all of them. With XTMP_CLUSTER=full the wallets pay without a
/// pause.
/// </summary>
public sealed class ClusterProcessTests : IAsyncDisposable
{
    private const int Silos = 3;
    private const int Wallets = 9;
    private const ulong OpeningBalance = 1_000_000;
    private const string Network = "cluster";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Between two transfers of a wallet: enough for some to be under way at any moment, and room for silos to start beside them.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(25);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-cluster-");
    private readonly SiloProcess?[] _silos = new SiloProcess?[Silos];
    private readonly IdentityKey[] _keys = [.. Enumerable.Range(0, Wallets).Select(_ => IdentityKey.Generate(SystemEntropy.Instance))];
    private readonly ulong[] _paid = new ulong[Wallets];
    private readonly int[] _acknowledged = new int[Wallets];
    private readonly Channel<int> _events = Channel.CreateUnbounded<int>();
    private readonly int[] _ports = [.. Enumerable.Range(0, Silos).Select(_ => Loopback.FreePort())];
    private readonly int[] _admins = [.. Enumerable.Range(0, Silos).Select(_ => Loopback.FreePort())];
    private readonly ConcurrentDictionary<XtmpErrorCode, int> _errors = new();
    private int _repeated;
    private long _longest;
    private string _database = "";

    private static bool IsFull => Environment.GetEnvironmentVariable("XTMP_CLUSTER") == "full";

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos.OfType<SiloProcess>())
        {
            await silo.DisposeAsync();
        }

        Array.ForEach(_keys, key => key.Dispose());
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task nothing_acknowledged_is_lost_or_doubled_when_silos_and_the_database_go_and_come()
    {
        // A server of its own, since it is restarted: other tests use the shared one meanwhile.
        await using var database = new PostgresServer();
        _database = await database.NewDatabaseAsync();
        await RunAsync("cluster", "init", "--root", PathOf("root"), "--name", Network);
        await RunAsync("cluster", "join", "--root", PathOf("root"), "--data", PathOf("silo0"));
        await StartAsync(0);
        await Task.WhenAll(Enumerable.Range(1, Silos - 1).Select(silo =>
        {
            ClusterKeys.Join(PathOf("root"), PathOf($"silo{silo}"), TimeSpan.FromDays(1), TimeProvider.System);
            return StartAsync(silo);
        }));

        await using var clients = new Clients(_keys.Select(Connect));
        var wallets = clients.All.Select((client, index) => new XtmpWallet(client, _keys[index])).ToArray();
        foreach (var wallet in wallets)
        {
            await wallet.RegisterAsync();
        }

        using var stop = new CancellationTokenSource();
        var payers = Enumerable.Range(0, Wallets).Select(wallet => Task.Run(() => PayAsync(wallet, wallets, stop.Token))).ToArray();
        await ReachAsync(5);

        // A drain moves calls to the other silos: nobody but the connection notices it.
        for (var silo = 0; silo < Silos; silo++)
        {
            Assert.Equal(0, (await _silos[silo]!.InterruptAsync()).ExitCode);
            await StartAsync(silo);
            await ReachAsync(_acknowledged.Max() + 3);
        }

        Report("rolling restart");
        Assert.Equal(0, _repeated);

        await database.StopAsync();
        using (var patience = new CancellationTokenSource(Patience))
        {
            while (Volatile.Read(ref _repeated) < Wallets)
            {
                await _events.Reader.ReadAsync(patience.Token);
            }
        }

        await database.StartAsync();
        await ReachAsync(_acknowledged.Max() + 5);

        // Told plainly, and nobody's process went with the database.
        Report("restart of the database");
        Assert.Subset(new HashSet<XtmpErrorCode> { XtmpErrorCode.StorageUnavailable, XtmpErrorCode.Overloaded, XtmpErrorCode.Timeout, XtmpErrorCode.OutcomeUnknown }, _errors.Keys.ToHashSet());
        Assert.Contains(XtmpErrorCode.StorageUnavailable, _errors.Keys);
        Assert.All(_silos, silo => Assert.False(silo!.HasExited));

        await _silos[2]!.KillAsync();
        await ReachAsync(_acknowledged.Max() + 5);
        Report("kill -9 of one silo");

        await stop.CancelAsync();
        await Task.WhenAll(payers).WaitAsync(Patience);
        ulong total = 0;
        for (var wallet = 0; wallet < Wallets; wallet++)
        {
            var balance = await SettledAsync(wallets[wallet]);
            total += balance.Balance;
            Assert.Equal((ulong)_acknowledged[wallet], balance.Nonce);
        }

        for (var wallet = 0; wallet < Wallets; wallet++)
        {
            Assert.Equal(OpeningBalance - _paid[wallet] + _paid[(wallet + Wallets - 1) % Wallets], (await wallets[wallet].BalanceAsync()).Balance);
        }

        Assert.Equal(Wallets * OpeningBalance, total);
        var direct = (await Task.WhenAll(_admins.Select(CallsAsync))).Aggregate((a, b) => (a.Direct + b.Direct, a.ByMessage + b.ByMessage));
        TestContext.Current.TestOutputHelper?.WriteLine($"{100 * direct.Direct / Math.Max(1, direct.Direct + direct.ByMessage):F0} % of {direct.Direct + direct.ByMessage} calls found their grain in the silo they were made in.");
        Assert.True(direct.Direct > 0 && direct.ByMessage > 0, $"{direct}");

        async Task ReachAsync(int each)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (_acknowledged.Min() < each && !payers.Any(payer => payer.IsFaulted))
            {
                await _events.Reader.ReadAsync(patience.Token);
            }
        }
    }

    /// <summary>What the killed silo had committed and not yet delivered waits for a sweep of the others, 30 s at most.</summary>
    private static async Task<WalletBalanceReply> SettledAsync(XtmpWallet wallet)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var pace = new PeriodicTimer(Pace);
        while (await pace.WaitForNextTickAsync(patience.Token))
        {
            var balance = await wallet.BalanceAsync(patience.Token);
            if (balance.PendingOut == 0)
            {
                return balance;
            }
        }

        throw new TimeoutException();
    }

    /// <summary>What happened since the last report.</summary>
    private void Report(string change)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{change}: {_acknowledged.Sum()} transfers acknowledged by now; the longest took {TimeSpan.FromTicks(Interlocked.Exchange(ref _longest, 0)).TotalMilliseconds:F0} ms from its first try to its answer; {_repeated} were asked again by the test.");
    }

    /// <summary>Transfers to the next wallet, one after the other; the same signed transfer again where its outcome is unknown.</summary>
    private async Task PayAsync(int payer, XtmpWallet[] wallets, CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        for (ulong nonce = 0; !stop.IsCancellationRequested; nonce++)
        {
            var amount = 1 + (nonce % 7);
            var transfer = XtmpWallet.SignTransfer(_keys[payer], Network, wallets[(payer + 1) % Wallets].Id, amount, "XTM", nonce);
            var started = Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    await wallets[payer].SendAsync(transfer, CancellationToken.None);
                    _paid[payer] += amount;
                    Interlocked.Increment(ref _acknowledged[payer]);
                    _events.Writer.TryWrite(payer);
                    break;
                }
                catch (XtmpException error) when (error.Retryable || error.Code == XtmpErrorCode.OutcomeUnknown)
                {
                    Interlocked.Increment(ref _repeated);
                    if (_errors.AddOrUpdate(error.Code, 1, static (_, count) => count + 1) == 1)
                    {
                        TestContext.Current.TestOutputHelper?.WriteLine($"wallet {payer}: {error.Message}");
                    }

                    _events.Writer.TryWrite(payer);
                    await PauseAsync();
                }
            }

            var took = Stopwatch.GetElapsedTime(started).Ticks;
            for (var longest = Interlocked.Read(ref _longest); took > longest; longest = Interlocked.Read(ref _longest))
            {
                Interlocked.CompareExchange(ref _longest, took, longest);
            }

            await PauseAsync();
        }

        ValueTask PauseAsync() => IsFull ? default : Tick();

        async ValueTask Tick() => await pace.WaitForNextTickAsync(CancellationToken.None);
    }

    private async Task StartAsync(int silo)
    {
        var own = Loopback.FreePort();
        _silos[silo] = await SiloProcess.StartOnAsync(
            _ports[silo],
            PathOf($"silo{silo}"),
            "--admin", $"127.0.0.1:{_admins[silo]}", "--cluster", _database, "--silo-endpoint", $"127.0.0.1:{own}", "--network", Network, "--opening-balance", $"{OpeningBalance}", "--development");
    }

    /// <summary>Calls that a silo made since it started, by way; none where it does not run.</summary>
    private static async Task<(double Direct, double ByMessage)> CallsAsync(int admin)
    {
        using var http = new HttpClient();
        try
        {
            var lines = (await http.GetStringAsync($"http://127.0.0.1:{admin}/metrics")).Split('\n');
            return (Value("direct"), Value("message"));

            double Value(string way) => lines
                .Where(line => line.StartsWith("xtmp_runtime_calls", StringComparison.Ordinal) && line.Contains($"way=\"{way}\"", StringComparison.Ordinal))
                .Sum(line => double.Parse(line.Split('}')[1].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException)
        {
            return default;
        }
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private static async Task RunAsync(params string[] arguments)
    {
        var (exitCode, _, errors) = await SiloProcess.RunAsync(arguments);
        Assert.True(exitCode == 0, errors);
    }

    /// <summary>One connection over all silos, which finds another one by itself when its own goes.</summary>
    private XtmpConnection Connect(IdentityKey key)
    {
        var fingerprint = Assert.Single(_silos.Select(silo => silo!.Fingerprint).Distinct());
        return new XtmpConnection(
            [.. _ports.Select(port => new XtmpEndpoint("127.0.0.1", port))],
            new XtmpClientOptions { ServerTrust = TrustPolicy.Pinned(fingerprint), Identity = key, Network = Network, MaxReconnectDelay = TimeSpan.FromSeconds(1) });
    }

    private sealed class Clients(IEnumerable<XtmpConnection> all) : IAsyncDisposable
    {
        public XtmpConnection[] All { get; } = [.. all];

        public async ValueTask DisposeAsync()
        {
            foreach (var client in All)
            {
                await client.DisposeAsync();
            }
        }
    }
}
