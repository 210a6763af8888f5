using System.Diagnostics;
using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Grains;
using Xtmp.Silo;

namespace Xtmp.Benchmarks;

/// <summary>Four players at a table of a silo, over sockets of this machine: how long a bet takes until a quorum has decided it.</summary>
internal static class BitChatLoopback
{
    private const int Seats = 4;
    private const int WarmUp = 20;
    private const int MaxBets = 1_000;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(BenchContext context)
    {
        var directory = Directory.CreateTempSubdirectory("xtmp-bench-");
        try
        {
            await using var silo = await SiloHost.StartAsync(new SiloOptions { DataDirectory = directory.FullName, Port = 0, Grains = new GrainOptions { OpeningBalance = 1_000_000_000 } }).ConfigureAwait(false);
            var players = new List<BitChatGames>();
            for (var player = 0; player < Seats; player++)
            {
                var identity = IdentityKey.Generate(SystemEntropy.Instance);
                var connection = await XtmpConnection.ConnectAsync($"xtmp://{silo.EndPoint}", new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity }).ConfigureAwait(false);
                var wallet = new XtmpWallet(connection, identity);
                await wallet.RegisterAsync().ConfigureAwait(false);
                players.Add(new BitChatGames(connection, wallet, identity, Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32)), RandomNumberGenerator.GetBytes(32)));
            }

            var game = await players[0].CreateAsync("craps", Seats, witnesses: 0, bank: 100_000_000, minBuyIn: 1).ConfigureAwait(false);
            var tables = await Task.WhenAll(players.Select(player => player.JoinAsync(game, 1_000_000))).ConfigureAwait(false);
            await tables[0].WaitForAsync(state => state.Snapshot.Coin.Ready).ConfigureAwait(false);
            var times = new List<double>();
            var watch = Stopwatch.StartNew();
            for (var bet = 0; times.Count < MaxBets && watch.Elapsed < MaxTime; bet++)
            {
                if (await DecideAsync(tables[bet % Seats]).ConfigureAwait(false) is { } time && bet >= WarmUp)
                {
                    times.Add(time);
                }
            }

            if (times.Count == 0)
            {
                throw new InvalidOperationException($"No bet of {Seats} players was decided in {MaxTime.TotalSeconds} s.");
            }

            times.Sort();
            context.Report.Add(new BenchResult
            {
                Bench = "bitchat.loopback.decision.p50",
                Ours = times[times.Count / 2],
                Unit = "ms",
                HigherIsBetter = false,
                Bar = 10,
                Note = $"{Seats} players and a silo in one process, over sockets; {times.Count} bets, p99 {times[(int)(times.Count * 0.99)]:0.0} ms",
            });
            foreach (var table in tables)
            {
                await table.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Milliseconds from a bet to its decision; null where the roll came in between.</summary>
    private static async Task<double?> DecideAsync(GameTable table)
    {
        await table.WaitForAsync(state => !state.Game.AwaitsRoll).ConfigureAwait(false);
        var roll = table.State.Game.Roll;
        var watch = Stopwatch.StartNew();
        await table.BetAsync(CrapsBet.Field, 1).ConfigureAwait(false);
        return table.State.Game.Roll == roll ? watch.Elapsed.TotalMilliseconds : null;
    }
}
