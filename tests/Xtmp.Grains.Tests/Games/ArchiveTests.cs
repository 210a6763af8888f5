using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;

namespace Xtmp.Grains.Tests.Games;

/// <summary>What players hand in of a game that they play in real time.</summary>
public sealed class ArchiveTests() : GameTestBase(time: TimeProvider.System)
{
    [Fact]
    public async Task a_refusal_leaves_no_gap()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;

        // Of both seats the first two archives with anything in them are refused: nobody else has what was in there.
        await using var first = new GameTable(new GameClient(new RefusedArchives(new SessionCalls(Fixture.Silo, Wallets[0].Caller))), Secrets[0], genesis, null, TimeProvider.System);
        await using var second = new GameTable(new GameClient(new RefusedArchives(new SessionCalls(Fixture.Silo, Wallets[1].Caller))), Secrets[1], genesis, null, TimeProvider.System);
        await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
        await first.WaitForAsync(state => state.Game.Roll > 0, patience.Token);
        var height = first.State.Height;
        while ((await StatusAsync()).Height < height)
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task a_silo_that_takes_nothing_more_is_not_asked_again_and_again_at_once()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        var calls = new IgnoredArchives(CallsOf(0));
        var began = TimeProvider.System.GetTimestamp();
        await using var first = new GameTable(new GameClient(calls), Secrets[0], genesis, null, TimeProvider.System);
        await using var second = new GameTable(GamesOf(1), Secrets[1], genesis, null, TimeProvider.System);
        for (var roll = 0UL; roll < 2; roll++)
        {
            await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
            await first.WaitForAsync(state => state.Game.Roll > roll, patience.Token);
        }

        // Five times a second, and once more for each part of a roll that is new.
        Assert.InRange(calls.Count, 1, 20 + (10 * TimeProvider.System.GetElapsedTime(began).TotalSeconds));
    }

    private sealed class IgnoredArchives(ICallInvoker silo) : ICallInvoker
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public async ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply>
        {
            if (request is GameArchive)
            {
                await Task.Yield();
                context.CancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _count);
                return (TReply)(object)new GameArchiveReply { Height = 0, Phase = GamePhase.Playing };
            }

            return await silo.InvokeAsync(method, request, context);
        }

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest> => silo.SendAsync(method, request, context);

        public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem> => silo.StreamAsync(method, request, context);
    }

    private sealed class RefusedArchives(ICallInvoker silo) : ICallInvoker
    {
        private int _left = 2;

        public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply> =>
            request is GameArchive { Decided.Count: > 0 } && _left-- > 0
                ? throw new XtmpException(XtmpErrorCode.SignatureInvalid, Fault.Peer, "The next height is another.")
                : silo.InvokeAsync(method, request, context);

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest> => silo.SendAsync(method, request, context);

        public IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem> => silo.StreamAsync(method, request, context);
    }
}
