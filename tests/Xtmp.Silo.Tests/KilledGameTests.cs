using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Chips are money: a silo that dies while one table is played and another paid out, as a real process under kill -9.</summary>
public sealed class KilledGameTests
{
    private const ulong OpeningBalance = 10_000;
    private const ulong Bank = 4_000;
    private const ulong BuyIn = 1_000;

    private static readonly string[] Arguments = ["--development", "--opening-balance", $"{OpeningBalance}", "--currency", "XTM"];

    [Fact]
    public async Task pays_out_what_two_tables_certified_and_neither_makes_nor_loses_money()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var directory = Directory.CreateTempSubdirectory("xtmp-game-");
        IdentityKey[] identities = [.. Enumerable.Range(0, 3).Select(_ => IdentityKey.Generate(SystemEntropy.Instance))];
        Ed25519PrivateKey[] keys = [.. Enumerable.Range(0, 3).Select(_ => Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32)))];
        byte[][] seeds = [.. Enumerable.Range(0, 3).Select(_ => RandomNumberGenerator.GetBytes(32))];
        Task<GameTable[]> SitAsync(BitChatGames[] games, byte[] game) =>
            Task.WhenAll(Enumerable.Range(0, 2).Select(player => games[player].JoinAsync(game, BuyIn, journal: Path.Combine(directory.FullName, $"{Convert.ToHexString(game)}-{player}"), cancellationToken: patience.Token)));
        try
        {
            byte[] goesOn, closes;
            await using (var silo = await SiloProcess.StartAsync(Path.Combine(directory.FullName, "silo"), Arguments))
            {
                var connections = await ConnectAsync(silo, identities);
                var games = await OpenAsync(connections, identities, keys, seeds, patience.Token);
                goesOn = await games[2].CreateAsync("craps", seats: 2, witnesses: 0, Bank, BuyIn, cancellationToken: patience.Token);
                closes = await games[2].CreateAsync("craps", seats: 2, witnesses: 0, Bank, BuyIn, cancellationToken: patience.Token);
                var tables = new[] { await SitAsync(games, goesOn), await SitAsync(games, closes) };
                foreach (var table in tables)
                {
                    await table[0].BetAsync(CrapsBet.Field, 100, cancellationToken: patience.Token);
                    await table[1].BetAsync(CrapsBet.AnySeven, 50, cancellationToken: patience.Token);
                }

                foreach (var table in tables)
                {
                    await table[0].WaitForAsync(state => state.Game.Roll >= 1 && !state.Game.AwaitsRoll, patience.Token);
                }

                // The silo dies as one table closes, perhaps in the middle of its pay-out, and as the other is played.
                await tables[1][0].LeaveAsync(patience.Token);
                await tables[1][0].WaitForAsync(state => state.Snapshot.Closed, patience.Token);
                await silo.KillAsync();
                await DisposeAsync([.. tables.SelectMany(table => table)], connections);
            }

            await using (var silo = await SiloProcess.StartAsync(Path.Combine(directory.FullName, "silo"), Arguments))
            {
                var connections = await ConnectAsync(silo, identities);
                var games = await OpenAsync(connections, identities, keys, seeds, patience.Token);
                var tables = new[] { await SitAsync(games, goesOn), await SitAsync(games, closes) };
                await tables[0][1].LeaveAsync(patience.Token);
                var wallets = connections.Zip(identities, (connection, identity) => new XtmpWallet(connection, identity)).ToArray();
                foreach (var table in tables)
                {
                    await table[1].WaitForAsync(state => state.Snapshot.Closed, patience.Token);
                }

                foreach (var wallet in wallets)
                {
                    await SettledAsync(wallet, patience.Token);
                }

                var expected = wallets.ToDictionary(wallet => Convert.ToHexString(wallet.Id.Span), _ => OpeningBalance);
                foreach (var game in new[] { goesOn, closes })
                {
                    foreach (var payout in (await games[2].Calls.StatusAsync(new GameStatus { GameId = game })).Payouts.ToArray())
                    {
                        var name = Convert.ToHexString(payout.Wallet.Span);
                        expected[name] = expected[name] + payout.Chips - payout.BuyIn;
                    }
                }

                foreach (var wallet in wallets)
                {
                    Assert.Equal(expected[Convert.ToHexString(wallet.Id.Span)], (await wallet.BalanceAsync(patience.Token)).Balance);
                }

                Assert.Equal(3 * OpeningBalance, expected.Values.Aggregate(0UL, (sum, balance) => sum + balance));
                await DisposeAsync([.. tables.SelectMany(table => table)], connections);
            }
        }
        finally
        {
            Array.ForEach(identities, identity => identity.Dispose());
            Array.ForEach(keys, key => key.Dispose());
            directory.Delete(recursive: true);
        }
    }

    private static Task<XtmpConnection[]> ConnectAsync(SiloProcess silo, IdentityKey[] identities) =>
        Task.WhenAll(identities.Select(identity => XtmpConnection.ConnectAsync(silo.Endpoint, new XtmpClientOptions { ServerFingerprint = silo.Fingerprint, Identity = identity })));

    private static async Task<BitChatGames[]> OpenAsync(XtmpConnection[] connections, IdentityKey[] identities, Ed25519PrivateKey[] keys, byte[][] seeds, CancellationToken cancellationToken)
    {
        var games = new List<BitChatGames>();
        for (var player = 0; player < connections.Length; player++)
        {
            var wallet = new XtmpWallet(connections[player], identities[player]);
            await wallet.RegisterAsync(cancellationToken: cancellationToken);
            games.Add(new BitChatGames(connections[player], wallet, identities[player], keys[player], seeds[player]));
        }

        return [.. games];
    }

    private static async Task DisposeAsync(GameTable[] tables, XtmpConnection[] connections)
    {
        foreach (var part in tables.Cast<IAsyncDisposable>().Concat(connections))
        {
            await part.DisposeAsync();
        }
    }

    /// <summary>Until nothing of the wallet's is set aside any more.</summary>
    private static async Task SettledAsync(XtmpWallet wallet, CancellationToken cancellationToken)
    {
        await using var updates = wallet.UpdatesAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while ((await wallet.BalanceAsync(cancellationToken)).Held > 0)
        {
            await updates.MoveNextAsync();
        }
    }
}
