using System.Buffers;
using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;

namespace Xtmp.Silo.Tests;

/// <summary>A game over sessions, from the lobby to the proof of what was played.</summary>
public sealed class GameTests
{
    [Fact]
    public async Task at_a_post_quantum_table_the_silos_witnesses_lift_two_players_to_a_coin_and_a_third_comes_later()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var silo = await TestSilo.StartAsync();
        var players = new List<(XtmpConnection Connection, BitChatGames Games)>();
        for (var player = 0; player < 3; player++)
        {
            var identity = IdentityKey.Generate(SystemEntropy.Instance);
            var connection = await silo.ConnectAsync(identity);
            var wallet = new XtmpWallet(connection, identity);
            await wallet.RegisterAsync(cancellationToken: patience.Token);
            var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
            var second = MlDsa87PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
            players.Add((connection, new BitChatGames(connection, wallet, identity, key, RandomNumberGenerator.GetBytes(32), postQuantum: second)));
        }

        var games = players[0].Games;
        var game = await games.CreateAsync("craps", seats: 4, witnesses: 2, bank: 5_000, minBuyIn: 100, siloWitnesses: 2, isPostQuantum: true, cancellationToken: patience.Token);
        var tables = (await Task.WhenAll(players.Take(2).Select(player => player.Games.JoinAsync(game, 1_000, cancellationToken: patience.Token)))).ToList();
        await RollAsync(tables, patience.Token);
        Assert.True(tables[0].State.UsesCoin);

        tables.Add(await players[2].Games.JoinAsync(game, 500, "late", cancellationToken: patience.Token));
        await RollAsync(tables, patience.Token);
        Assert.Equal(5, tables[2].State.Snapshot.Seats.Count);
        foreach (var table in tables)
        {
            await table.WaitForAsync(state => !state.Game.AwaitsRoll, patience.Token);
            await table.LeaveAsync(patience.Token);
        }

        // The archive is what a judge gets: both signatures of a quorum for every height.
        await tables[0].WaitForAsync(state => state.Snapshot.Closed, patience.Token);
        var status = await games.Calls.StatusAsync(new GameStatus { GameId = game });
        while (status.Phase != GamePhase.Settled)
        {
            patience.Token.ThrowIfCancellationRequested();
            status = await games.Calls.StatusAsync(new GameStatus { GameId = game });
        }

        var bytes = new ArrayBufferWriter<byte>();
        var writer = new TranscriptWriter(bytes, TableState.Parse(game, 0, status.First!.State)!);
        for (ulong height = 0; height < status.Height;)
        {
            foreach (var decided in (await games.Calls.HistoryAsync(new GameHistory { GameId = game, FromHeight = height + 1 })).Decided.ToArray())
            {
                Assert.All(decided.Certificate.Signatures, signature => Assert.NotNull(signature.PostQuantum));
                writer.Write(decided);
                height = decided.Value.Height;
            }
        }

        writer.End(tables[0].State);
        var report = TranscriptVerifier.Create().Verify(bytes.WrittenSpan);
        Assert.Null(report.Fault);
        Assert.True(report.Rolls.Count >= 2);
        Assert.Equal(7_500UL, status.Payouts.Aggregate(0UL, (sum, payout) => sum + payout.Chips));
        foreach (var (connection, _) in players)
        {
            await connection.DisposeAsync();
        }

        foreach (var table in tables)
        {
            await table.DisposeAsync();
        }
    }

    private static async Task RollAsync(List<GameTable> tables, CancellationToken cancellationToken)
    {
        var roll = tables[0].State.Game.Roll;
        foreach (var table in tables)
        {
            await table.WaitForAsync(state => !state.Game.AwaitsRoll, cancellationToken);
            await table.BetAsync(CrapsBet.Field, 10, cancellationToken: cancellationToken);
        }

        foreach (var table in tables)
        {
            await table.WaitForAsync(state => state.Game.Roll > roll, cancellationToken);
        }
    }
}
