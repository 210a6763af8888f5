using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Who waits for a seat that there will never be is told so.</summary>
public sealed class JoinTests : GameTestBase
{
    [Fact]
    public async Task whoever_waits_for_a_game_that_ends_before_it_begins_is_told_so()
    {
        using var patience = new CancellationTokenSource(Patience);
        await OpenAsync();
        await JoinAsync(0);
        var waits = BitChatGames.BegunAsync(Games, GameId, Fixture.Time, patience.Token);
        await Fixture.Silo.WhenQuietAsync();
        await PassAsync(TimeSpan.FromHours(23));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        await ExpectAsync(Wallets[0], 1_000, 0);
        while (!waits.IsCompleted)
        {
            await PassAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(XtmpErrorCode.Conflict, (await Assert.ThrowsAsync<XtmpException>(() => waits)).Code);
    }

    [Fact]
    public async Task whoever_waits_to_be_let_in_to_a_game_that_ends_is_told_so()
    {
        using var patience = new CancellationTokenSource(Patience);
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        var join = Join(2, await HoldAsync(Wallets[2], 100, Captor));
        await Games.JoinAsync(join, Wallets[2].Context);
        await using var table = new GameTable(GamesOf(2), Secrets[2], genesis, null, TimeProvider.System, join.Player);
        var waits = BitChatGames.SeatedAsync(table, GamesOf(2), GameId, Secrets[2].PeerId, Fixture.Time, patience.Token);
        await PassAsync(Fixture.Options.GamePatience + TimeSpan.FromMinutes(1));
        Assert.Equal(GamePhase.Settled, (await StatusAsync()).Phase);
        while (!waits.IsCompleted)
        {
            await PassAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(XtmpErrorCode.Conflict, (await Assert.ThrowsAsync<XtmpException>(() => waits)).Code);
        await ExpectAsync(Wallets[2], 1_000, 0);
    }
}
