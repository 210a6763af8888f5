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

    [Fact]
    public async Task whoever_waits_at_a_table_that_has_forked_is_told_so()
    {
        using var patience = new CancellationTokenSource(GrainsFixture.Patience);
        await OpenAsync();
        await JoinAsync(0);
        await JoinAsync(1);
        var genesis = TableState.Parse(GameId, 0, (await StatusAsync()).First!.State)!;
        await using var table = new GameTable(GamesOf(0), Secrets[0], genesis, null, TimeProvider.System);
        var waits = table.WaitForAsync(static _ => false, patience.Token);

        // Both seats have signed both ways, as two Byzantine ones would.
        foreach (var amount in new[] { 10UL, 20UL })
        {
            var played = new PlayedTable(genesis, Secrets.Take(2));
            played.RunUntil(() => played.Decided.Count > 0, () => played.Peers[0].Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = amount, Point = null }), played.Now));
            var sync = new StateSync { Phase = StateSyncPhase.Deltas, FromHeight = 1, ToHeight = 1, StateRoot = played.Decided[0].Value.StateRoot, Checkpoint = null, Chunks = [], Deltas = [played.Decided[0]], Epoch = 1, Epochs = [] };
            var content = new SignedContent { Sender = Secrets[1].PeerId, GameId = GameId, Round = 1, Timestamp = TableTime(), Payload = sync };
            var id = PeerIds.MessageId(content);
            await GamesOf(1).DeliverAsync(new GameMessage { GameId = GameId, Envelope = new ConsensusMessage { MessageId = id, Sender = content.Sender, GameId = GameId, Round = 1, Timestamp = content.Timestamp, Payload = sync, Signature = Secrets[1].Signatures.Sign(PeerIds.EnvelopeText(id)) } });
        }

        Assert.Contains("Two quorums", (await Assert.ThrowsAsync<XtmpException>(() => waits)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<XtmpException>(() => table.BetAsync(CrapsBet.Field, 10, cancellationToken: patience.Token));
        await Assert.ThrowsAsync<XtmpException>(async () => await table.Rolls.GetAsyncEnumerator(patience.Token).MoveNextAsync());
    }

    private static DateTimeOffset TableTime()
    {
        var now = TimeProvider.System.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
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
