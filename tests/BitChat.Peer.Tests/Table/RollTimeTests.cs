using BitChat.Messages;

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
}
