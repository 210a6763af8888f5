using System.Buffers;
using System.Security.Cryptography;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Protocol;

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

    [Fact]
    public async Task a_player_that_starts_again_while_it_waits_for_the_others_sets_its_buy_in_aside_once()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var silo = await TestSilo.StartAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        await using var connection = await silo.ConnectAsync(identity);
        var wallet = new XtmpWallet(connection, identity);
        await wallet.RegisterAsync(cancellationToken: patience.Token);
        using var key = Ed25519PrivateKey.FromSeed(RandomNumberGenerator.GetBytes(32));
        var seed = RandomNumberGenerator.GetBytes(32);
        var game = await new BitChatGames(connection, wallet, identity, key, seed).CreateAsync("craps", seats: 2, witnesses: 0, bank: 5_000, minBuyIn: 100, cancellationToken: patience.Token);
        for (var start = 0; start < 3; start++)
        {
            var waits = new WaitingTime();
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            var join = new BitChatGames(connection, wallet, identity, key, seed, waits).JoinAsync(game, 1_000, cancellationToken: ends.Token);
            await waits.Begun.WaitAsync(patience.Token);
            await ends.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
            Assert.Equal(6_000UL, (await wallet.BalanceAsync(patience.Token)).Held);
        }

        // A game that is closed has nobody wait for it, and keeps nobody's money.
        var games = new BitChatGames(connection, wallet, identity, key, seed);
        var waiting = games.JoinAsync(game, 1_000, cancellationToken: patience.Token);
        await games.CloseAsync(game, patience.Token);
        Assert.Equal(XtmpErrorCode.Conflict, (await Assert.ThrowsAsync<XtmpException>(() => waiting)).Code);
        Assert.Equal(0UL, (await wallet.BalanceAsync(patience.Token)).Held);

        // Nor does a table that there cannot be keep the bank's money.
        await Assert.ThrowsAsync<XtmpException>(() => new BitChatGames(connection, wallet, identity, key, seed).CreateAsync("poker", seats: 2, witnesses: 0, bank: 500, minBuyIn: 100, cancellationToken: patience.Token));
        Assert.Equal(0UL, (await wallet.BalanceAsync(patience.Token)).Held);
    }

    /// <summary>Tells when somebody begins to wait by it.</summary>
    private sealed class WaitingTime : TimeProvider
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _begun.TrySetResult();
            return base.CreateTimer(callback, state, dueTime, period);
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
