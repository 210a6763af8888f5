using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>What a player is told of its bets, at a table of two in real time.</summary>
public sealed class BetTests() : GameTestBase(time: TimeProvider.System)
{
    [Fact]
    public async Task a_bet_that_returns_is_decided_and_one_that_cannot_be_is_refused_with_the_reason()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        await using var first = new GameTable(GamesOf(0), Secrets[0], genesis, null, TimeProvider.System);
        await using var second = new GameTable(GamesOf(1), Secrets[1], genesis, null, TimeProvider.System);
        await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
        Assert.True(first.State.Game.Roll > 0 || ((CrapsTable)first.State.Game).Bets.Any(bet => bet.Stake == 10));

        // The table may be at rest: nobody else will come and have these tried.
        await first.WaitForAsync(state => state.Game.Roll > 0 && !state.Game.AwaitsRoll, patience.Token);
        foreach (var (bet, amount, point, reason) in new[] { (CrapsBet.Field, 1_000_000UL, default(byte?), GameFault.NotEnoughChips), (CrapsBet.Field, 5UL, (byte?)6, GameFault.WrongPoint) })
        {
            var error = await Assert.ThrowsAsync<XtmpException>(() => first.BetAsync(bet, amount, point, patience.Token));
            Assert.Equal((XtmpErrorCode.Conflict, Fault.Local), (error.Code, error.Fault));
            Assert.Contains($"{reason}", error.Message, StringComparison.Ordinal);
        }

        await first.LeaveAsync(patience.Token);
        Assert.Null(first.Seat);
        Assert.True(first.State.Snapshot.Closed);
        Assert.Equal(XtmpErrorCode.PermissionDenied, (await Assert.ThrowsAsync<XtmpException>(() => first.BetAsync(CrapsBet.Field, 5, cancellationToken: patience.Token))).Code);

        // The table has ended, and with it its rolls: all of them are there to be read.
        var rolls = 0;
        await foreach (var roll in first.Rolls.WithCancellation(patience.Token))
        {
            rolls++;
        }

        Assert.Equal((int)first.State.Game.Roll, rolls);
    }

    [Fact]
    public async Task whoever_waits_for_a_bet_is_told_what_became_of_it()
    {
        var pending = new PendingOperations();
        var done = Enumerable.Range(1, 4).Select(sequence =>
        {
            var task = new TaskCompletionSource();
            pending.Add((ulong)sequence, task);
            return task.Task;
        }).ToArray();
        pending.End(1, null);
        pending.End(1, null);
        await done[0];
        pending.End(2, new XtmpException(XtmpErrorCode.Conflict, Fault.Local, "lapsed"));
        Assert.Equal("lapsed", (await Assert.ThrowsAsync<XtmpException>(() => done[1])).Message);
        pending.EndUpTo(3);
        Assert.Equal(XtmpErrorCode.OutcomeUnknown, (await Assert.ThrowsAsync<XtmpException>(() => done[2])).Code);
        Assert.False(done[3].IsCompleted);
    }
}
