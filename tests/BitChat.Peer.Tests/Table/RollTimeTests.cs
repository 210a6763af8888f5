using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>A roll takes message delays, not timers: nothing that came early is lost until somebody is asked for it.</summary>
public sealed class RollTimeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void a_roll_waits_for_no_timer_when_messages_overtake_one_another(int seats)
    {
        var random = new Random(seats);
        var network = new TestNetwork(new TestTable(seats), TablePeerOptions.Relayed) { Delay = (_, _) => TimeSpan.FromMicroseconds(random.Next(500, 8_000)) };
        Assert.True(network.RunUntil(() => network.Peers.All(peer => !peer.State.UsesCoin || peer.State.Snapshot.Coin.Ready)));
        var times = new List<double>();
        for (ulong roll = 0; roll < 40; roll++)
        {
            for (var player = 0; player < seats; player++)
            {
                TableTests.Bet(network, player);
            }

            Assert.True(network.RunUntil(() => network.Peers.Any(peer => peer.State.Game.AwaitsRoll || peer.State.Game.Roll > roll)), $"bets of roll {roll} were never final");
            var closed = network.Now.Elapsed;
            Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Game.Roll > roll)), $"roll {roll} never came");
            times.Add((network.Now.Elapsed - closed).TotalMilliseconds);
        }

        output.WriteLine($"{seats} seats: {string.Join(' ', times.Select(time => $"{time:0}"))} ms");
        Assert.True(times.Max() < 100, $"{times.Max():0} ms");
    }

    [Fact]
    public void a_dealing_that_comes_between_the_others_and_their_verdicts_holds_no_coin_up()
    {
        // The first seat's dealing is the fourth, at height 3; so the last seat, whose own is not known to the others, proposes next.
        var table = new TestTable(5);
        var isLate = true;
        var network = new TestNetwork(table, TablePeerOptions.Relayed, filter: (peer, message) =>
            (peer == 4 || (peer == 0 && isLate))
            && message.Payload is ConsensusPayload.OperationArm { Value: var operation }
            && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.DealArm ? null : message);
        Assert.True(network.RunUntil(() => network.Decided.Count == 2));
        isLate = false;
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Coin.Ready)));
        output.WriteLine($"{network.Now.Elapsed.TotalMilliseconds:0} ms, {network.Decided.Count} heights, {network.Peers[0].State.Snapshot.Coin.Dealings.Count} dealings");
        Assert.Equal(5, network.Peers[0].State.Snapshot.Coin.Dealings.Count);
        Assert.True(network.Now.Elapsed < TimeSpan.FromSeconds(2), $"{network.Now.Elapsed}");
    }

    [Fact]
    public void a_newcomer_asks_on_until_it_has_all_of_a_table_whose_values_fill_many_messages()
    {
        var table = new TestTable(4, postQuantum: true);
        var network = new TestNetwork(table, TablePeerOptions.Relayed);
        TableTests.Rolls(network, 4);
        var key = Ed25519PrivateKey.FromSeed(TestTable.Seed(77));
        var second = MlDsa87PrivateKey.FromSeed(TestTable.Seed(77));
        var secondPublic = new byte[MlDsa87.PublicKeySize];
        second.WritePublicKey(secondPublic);
        var newcomer = PeerSecrets.Of(key, TestTable.Seed(78), second);
        var height = network.Peers[0].State.Height;
        Assert.True(network.Peers[0].Log.Decided.Sum(decided => decided.GetEncodedSize()) > 3 * 48 * 1_024);
        network.Add(newcomer, table.Genesis, TablePeerOptions.Relayed);
        var started = network.Now.Elapsed;
        network.Do(4, peer => peer.Join(newcomer.Request(table.Genesis.GameId.Span, TestTable.PublicOf(key), secondPublic, "newcomer", 250, new byte[16]), network.Now));
        Assert.True(network.RunUntil(() => network.Peers[4].Seat is not null));
        var took = network.Now.Elapsed - started;
        output.WriteLine($"{height} heights, seated after {took.TotalMilliseconds:0} ms");
        Assert.True(took < TimeSpan.FromMilliseconds(400), $"{took}");
    }
}
