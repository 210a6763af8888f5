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
    public async Task a_bet_that_is_lost_and_overtaken_by_the_next_one_is_placed_all_the_same()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        var losing = new LosesTheFirstBet(CallsOf(0));
        await using var first = new GameTable(new GameClient(losing), Secrets[0], genesis, null, TimeProvider.System);
        await using var second = new GameTable(GamesOf(1), Secrets[1], genesis, null, TimeProvider.System);
        var lost = first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
        await losing.HasLost.WaitAsync(patience.Token);
        await first.BetAsync(CrapsBet.AnySeven, 20, cancellationToken: patience.Token);
        losing.IsOver = true;
        await lost;
        Assert.True(first.State.Snapshot.Sequences[0].Last > 2, "it was signed anew");
    }

    /// <summary>The first bet never leaves, nor a value that its player proposes, until that is over.</summary>
    private sealed class LosesTheFirstBet(ICallInvoker calls) : ICallInvoker
    {
        private readonly TaskCompletionSource _hasLost = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task HasLost => _hasLost.Task;

        public volatile bool IsOver;

        public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply> => calls.InvokeAsync(method, request, context);

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
        {
            var payload = (request as GameMessage)?.Envelope.Payload;
            if (payload is ConsensusPayload.OperationArm { Value.Sequence: 1 })
            {
                _hasLost.TrySetResult();
                return default;
            }

            return payload is ConsensusPayload.ProposalArm && !IsOver ? default : calls.SendAsync(method, request, context);
        }

        public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem> => calls.StreamAsync(method, request, context);
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
