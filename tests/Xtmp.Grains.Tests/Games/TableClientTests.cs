using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>The table as a program plays at it, in real time.</summary>
public sealed class TableClientTests() : GameTestBase(time: TimeProvider.System)
{
    [Fact]
    public async Task rolls_come_in_order_and_end_with_the_table()
    {
        using var patience = new CancellationTokenSource(GrainsFixture.Patience);
        var (first, second) = await SitAsync();
        await using var one = first;
        await using var other = second;
        var seen = new List<GameRoll>();
        await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
        await foreach (var roll in first.Rolls.WithCancellation(patience.Token))
        {
            seen.Add(roll);
            Assert.InRange(roll.First, 1, 6);
            Assert.InRange(roll.Second, 1, 6);
            if (seen.Count < 3)
            {
                await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
            }
            else if (seen.Count == 3)
            {
                await second.LeaveAsync(patience.Token);
            }
        }

        Assert.True(first.State.Snapshot.Closed);
        Assert.Equal(Enumerable.Range(0, seen.Count).Select(number => (ulong)number), seen.Select(roll => roll.Number));
        Assert.Equal(first.State.Game.Roll, (ulong)seen.Count);
    }

    private async Task<(GameTable First, GameTable Second)> SitAsync()
    {
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        return (new GameTable(GamesOf(0), Secrets[0], genesis, null, TimeProvider.System), new GameTable(GamesOf(1), Secrets[1], genesis, null, TimeProvider.System));
    }
}
