using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xtmp;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Cluster;

/// <summary>The database, the silos and the wallets of one run, which all go with it.</summary>
internal sealed class ClusterRun(int wallets, IView view) : IAsyncDisposable
{
    public const int SiloCount = 3;

    /// <summary>How long the start may take before a run of a given length is given up.</summary>
    public static readonly TimeSpan StartAllowance = TimeSpan.FromMinutes(2);

    private const string Network = "example";
    private const ulong OpeningBalance = 1_000_000;
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CheckPatience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xtmp-cluster-");
    private readonly List<SiloChild> _silos = [];
    private readonly List<Payer> _payers = [];
    private readonly List<Task> _restarts = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<int, SiloFigures> _before = [];
    private Postgres? _postgres;
    private string? _event;

    /// <exception cref="ClusterException">PostgreSQL or a silo does not start.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        view.Tell("starting PostgreSQL");
        _postgres = await Postgres.StartAsync();
        var root = Path.Combine(_directory.FullName, "root");
        await SiloChild.RunAsync("cluster", "init", "--root", root, "--name", Network);
        for (var number = 1; number <= SiloCount; number++)
        {
            view.Tell($"starting silo {number}");
            var data = Path.Combine(_directory.FullName, $"silo{number}");
            await SiloChild.RunAsync("cluster", "join", "--root", root, "--data", data);
            var silo = new SiloChild(data, FreePort(), FreePort(), () =>
                ["--cluster", _postgres.ConnectionString, "--silo-endpoint", $"127.0.0.1:{FreePort()}", "--network", Network, "--opening-balance", $"{OpeningBalance}", "--development"]);
            _silos.Add(silo);
            await silo.StartAsync(cancellationToken);
        }

        for (var wallet = 0; wallet < wallets; wallet++)
        {
            var payer = new Payer(_silos.Select(silo => silo.Port), _silos[0].Fingerprint, Network);
            _payers.Add(payer);
            await payer.Wallet.RegisterAsync(cancellationToken: cancellationToken);
        }

        view.Tell($"{wallets} wallets pay each other");
        for (var wallet = 0; wallet < wallets; wallet++)
        {
            _payers[wallet].Start(_payers[(wallet + 1) % wallets].Wallet.Id);
        }
    }

    /// <summary>Shows the cluster until somebody ends it.</summary>
    public async Task WatchAsync((int Silo, TimeSpan After)? kill, CancellationTokenSource stop)
    {
        var started = Stopwatch.GetTimestamp();
        var acknowledged = 0L;
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await second.WaitForNextTickAsync(stop.Token))
            {
                var elapsed = Stopwatch.GetElapsedTime(started);
                if (kill is { } planned && elapsed >= planned.After)
                {
                    kill = null;
                    await KillAsync(planned.Silo);
                }

                await ReadKeysAsync(stop);
                var total = _payers.Sum(payer => payer.Acknowledged);
                view.Show(new Snapshot(
                    elapsed.TotalSeconds, await RowsAsync(), total, total - acknowledged, _payers.Max(payer => payer.TakeLongest()).TotalMilliseconds, _payers.Sum(payer => payer.Repeated), Interlocked.Exchange(ref _event, null)));
                acknowledged = total;
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }
    }

    /// <summary>Lets the last transfers end, and compares every balance with what was acknowledged.</summary>
    public async Task<bool> CheckAsync()
    {
        await Task.WhenAll(_payers.Select(payer => payer.StopAsync()));
        await Task.WhenAll(_restarts);
        using var patience = new CancellationTokenSource(CheckPatience);
        var wrong = 0;
        ulong total = 0;
        for (var wallet = 0; wallet < _payers.Count; wallet++)
        {
            await _payers[wallet].SettleAsync(patience.Token);
        }

        for (var wallet = 0; wallet < _payers.Count; wallet++)
        {
            var balance = (await _payers[wallet].Wallet.BalanceAsync(patience.Token)).Balance;
            total += balance;
            wrong += balance == OpeningBalance - _payers[wallet].Paid + _payers[(wallet + _payers.Count - 1) % _payers.Count].Paid ? 0 : 1;
        }

        var holds = wrong == 0 && total == (ulong)_payers.Count * OpeningBalance;
        view.Finish(holds, holds
            ? $"{_payers.Sum(payer => payer.Acknowledged)} transfers acknowledged, none lost, none doubled; all {_payers.Count} balances add up to {total}."
            : $"{wrong} of {_payers.Count} balances are not what was acknowledged; they add up to {total} of {(ulong)_payers.Count * OpeningBalance}.");
        return holds;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var payer in _payers)
        {
            await payer.DisposeAsync();
        }

        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        _directory.Delete(recursive: true);
        _end.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task ReadKeysAsync(CancellationTokenSource stop)
    {
        while (view is TableView && Console.KeyAvailable)
        {
            switch (Console.ReadKey(intercept: true).KeyChar)
            {
                case >= '1' and < (char)('1' + SiloCount) and var key:
                    await KillAsync(key - '1');
                    break;
                case 'q':
                    await stop.CancelAsync();
                    break;
            }
        }
    }

    private async Task KillAsync(int silo)
    {
        if (_silos[silo].State == "serving")
        {
            await _silos[silo].KillAsync();
            Happened($"silo {silo + 1} killed");
            _restarts.Add(RestartAsync(silo));
        }
    }

    private async Task RestartAsync(int silo)
    {
        try
        {
            await Task.Delay(RestartPause, _end.Token);
            await _silos[silo].StartAsync(_end.Token);
            Happened($"silo {silo + 1} is back");
        }
        catch (OperationCanceledException)
        {
            // The run ends first.
        }
    }

    private void Happened(string text)
    {
        Volatile.Write(ref _event, text);
        view.Tell(text);
    }

    private async Task<List<SiloRow>> RowsAsync()
    {
        var all = await Task.WhenAll(_silos.Select(silo => silo.ReadAsync()));
        var rows = new List<SiloRow>();
        for (var index = 0; index < _silos.Count; index++)
        {
            var now = all[index];
            var turns = now is null ? 0 : now.Turns - (_before.TryGetValue(index, out var before) ? before.Turns : now.Turns);
            var calls = now is null ? 0 : now.Direct + now.ByMessage;
            rows.Add(new SiloRow(index + 1, _silos[index].State, _silos[index].ProcessId, _silos[index].Port, now?.Grains ?? 0, Math.Max(0, turns), calls > 0 ? now!.Direct / calls : null));
            if (now is not null)
            {
                _before[index] = now;
            }
            else
            {
                _before.Remove(index);
            }
        }

        return rows;
    }
}
