using System.Collections.Concurrent;
using BitChat.Client;
using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Messages;
using Xtmp.Protocol;
using static Xtmp.Grains.Tests.GrainsFixture;

namespace Xtmp.Grains.Tests.Games;

/// <summary>Seats that the silo runs, beside two players whose peers run in real time.</summary>
public sealed class WitnessTests() : GameTestBase(time: TimeProvider.System)
{
    [Fact]
    public async Task two_players_and_the_silos_two_witnesses_toss_a_coin_and_a_silo_that_starts_again_signs_nothing_twice()
    {
        await OpenAsync(siloWitnesses: 2);
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        Assert.Equal([false, false, true, true], genesis.Snapshot.Seats.Select(seat => seat.Witness));
        var calls = new CurrentSilo(Fixture);
        await using var first = new GameTable(new GameClient(new SessionCalls(calls, Wallets[0].Caller)), Secrets[0], genesis, null, TimeProvider.System);
        await using (var second = new GameTable(new GameClient(new SessionCalls(calls, Wallets[1].Caller)), Secrets[1], genesis, null, TimeProvider.System))
        {
            await PlayAsync(first, second, roll: 0);
            Assert.True(first.State.UsesCoin);

            // Another silo takes over from what is durable; the peers of the first are gone.
            Fixture.Restart();
            await calls.EndStreamsAsync();
            await PlayAsync(first, second, roll: 1);
        }

        // With three of four seats the table goes on, whatever the fourth would like.
        await PlayAsync(first, null, roll: 2);
        Assert.DoesNotContain(first.Evidence, held => held.Severity >= 1);
        Assert.Empty(calls.SignedTwice());
        await first.LeaveAsync(TestContext.Current.CancellationToken);
        await first.WaitForAsync(state => state.Seats?.Find(Secrets[0].PeerId.Span) is null, TestContext.Current.CancellationToken);
    }

    private static async Task PlayAsync(GameTable first, GameTable? second, ulong roll)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await first.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token);
        if (second is not null)
        {
            await second.BetAsync(CrapsBet.AnySeven, 5, cancellationToken: patience.Token);
        }

        await first.WaitForAsync(state => state.Game.Roll > roll, patience.Token);
    }

    /// <summary>Calls of the silo that runs now, and the votes that it passed on.</summary>
    private sealed class CurrentSilo(GrainsFixture fixture) : ICallInvoker
    {
        private readonly ConcurrentQueue<(string Sender, Vote Vote)> _votes = new();
        private CancellationTokenSource _served = new();

        public ValueTask<TReply> InvokeAsync<TRequest, TReply>(UnaryMethod<TRequest, TReply> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TReply : class, IXtmpMessage<TReply> => fixture.Silo.InvokeAsync(method, request, context);

        public ValueTask SendAsync<TRequest>(OneWayMethod<TRequest> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest> => fixture.Silo.SendAsync(method, request, context);

        public async IAsyncEnumerable<TItem> StreamAsync<TRequest, TItem>(StreamMethod<TRequest, TItem> method, TRequest request, CallContext context)
            where TRequest : class, IXtmpMessage<TRequest>
            where TItem : class, IXtmpMessage<TItem>
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _served.Token);
            await using var items = fixture.Silo.StreamAsync(method, request, context with { CancellationToken = ends.Token }).GetAsyncEnumerator(ends.Token);
            while (await NextAsync(items, context.CancellationToken))
            {
                if (items.Current is GameEnvelope { Envelope: { Payload: ConsensusPayload.VoteArm { Value: var vote } } envelope })
                {
                    _votes.Enqueue((Convert.ToHexString(envelope.Sender.Span), vote));
                }

                yield return items.Current;
            }
        }

        /// <summary>Streams end with their silo, and their readers ask anew.</summary>
        public Task EndStreamsAsync() => Interlocked.Exchange(ref _served, new CancellationTokenSource()).CancelAsync();

        private static async Task<bool> NextAsync<TItem>(IAsyncEnumerator<TItem> items, CancellationToken cancellationToken)
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                throw new XtmpException(XtmpErrorCode.ConnectionLost, Fault.Network, "Another silo serves now.", retryable: true);
            }
        }

        public IEnumerable<string> SignedTwice() =>
            _votes.GroupBy(vote => (vote.Sender, vote.Vote.Epoch, vote.Vote.Height, vote.Vote.Round, vote.Vote.Kind))
                .Where(votes => votes.Select(vote => vote.Vote.ValueId is { } id ? Convert.ToHexString(id.Span) : "nil").Distinct().Count() > 1)
                .Select(votes => votes.Key.ToString());
    }
}
