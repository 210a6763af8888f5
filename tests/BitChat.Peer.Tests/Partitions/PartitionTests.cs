using BitChat.Messages;

namespace BitChat.Peer.Tests.Partitions;

/// <summary>What a seat does about a partition, and that none of it undoes a decided operation.</summary>
public sealed class PartitionTests
{
    private readonly TestTable _table = new(6);
    private readonly PartitionRecoveryManager _manager = new();

    [Fact]
    public void fewer_than_a_quorum_pause_whatever_they_are_of_the_whole()
    {
        // A quorum of six is five: four pause, though they are the most.
        foreach (var (reached, isPaused) in new[] { (1, true), (3, true), (4, true), (5, false), (6, false) })
        {
            var manager = new PartitionRecoveryManager();
            manager.Assess(Seats, 0, 1, At(0));
            for (var seat = 1; seat < reached; seat++)
            {
                manager.HandleHeard(Id(seat), At(20));
            }

            manager.Assess(Seats, 0, 1, At(20));
            Assert.Equal(isPaused, manager.IsPaused);
            Assert.Equal(reached == 6 ? null : isPaused ? RecoveryStrategy.WaitForHeal : RecoveryStrategy.MajorityRule, manager.Strategy);
        }
    }

    [Fact]
    public void a_seat_below_a_quorum_waits_then_looks_for_others_then_drops_what_waits()
    {
        Assert.Null(_manager.Assess(Seats, 0, 1, At(0)));
        Assert.Equal(RecoveryStrategy.WaitForHeal, _manager.Assess(Seats, 0, 1, At(16)));
        Assert.Null(_manager.Assess(Seats, 0, 1, At(16 + 29)));
        Assert.Equal(RecoveryStrategy.ActiveReconnection, _manager.Assess(Seats, 0, 1, At(16 + 30)));
        Assert.Null(_manager.Assess(Seats, 0, 1, At(16 + 299)));
        Assert.Equal(RecoveryStrategy.EmergencyRollback, _manager.Assess(Seats, 0, 1, At(16 + 300)));
        Assert.True(_manager.IsPaused);

        // Healed: what is undecided is compared once, and then all is well.
        Hear(At(400), 1, 2, 3, 4, 5);
        Assert.Equal(RecoveryStrategy.SplitBrainResolution, _manager.Assess(Seats, 0, 1, At(400)));
        Assert.False(_manager.IsPaused);
        _manager.Assess(Seats, 0, 1, At(401));
        Assert.Null(_manager.Strategy);

        // The next partition is waited for anew.
        Assert.Equal(RecoveryStrategy.WaitForHeal, _manager.Assess(Seats, 0, 1, At(420)));
    }

    [Fact]
    public void a_seat_that_is_behind_one_within_reach_catches_up()
    {
        _manager.Assess(Seats, 0, 4, At(0));
        _manager.HandleView(Id(1), View(height: 9), At(1));
        Assert.Equal(RecoveryStrategy.CertifiedCatchUp, _manager.Assess(Seats, 0, 4, At(1)));
        _manager.Assess(Seats, 0, 9, At(2));
        Assert.Null(_manager.Strategy);

        // Who is out of reach is not caught up with.
        Hear(At(30), 2, 3, 4, 5);
        Assert.Equal(RecoveryStrategy.MajorityRule, _manager.Assess(Seats, 0, 4, At(30)));
    }

    [Fact]
    public void a_seat_counts_as_near_where_one_that_is_near_has_heard_it_of_late()
    {
        _manager.Assess(Seats, 0, 1, At(0));
        Hear(At(20), 2, 3);
        _manager.HandleView(Id(1), View(1, (4, 2), (5, 14)), At(20));
        Assert.Equal(6, _manager.Reachable(Seats, 0, At(20)).Count);
        Assert.Null(_manager.Assess(Seats, 0, 1, At(20)));
        _manager.HandleView(Id(1), View(1, (4, 16), (5, 600)), At(20));
        Assert.Equal(4, _manager.Reachable(Seats, 0, At(20)).Count);

        // A view names nobody who has no seat here.
        _manager.HandleView(Id(1), new NetworkView { Peers = [new PeerView { Peer = new byte[32], LastHeard = TimeSpan.Zero, PacketLoss = 0, Hops = 0, Height = 1 }], Height = 1, Round = 0, StateRoot = new byte[32], Missing = [] }, At(20));
        Assert.Equal(4, _manager.Reachable(Seats, 0, At(20)).Count);
    }

    [Fact]
    public void loss_is_what_is_missing_between_numbers_of_late()
    {
        Assert.Equal(0, _manager.LossOf(Id(1)));
        for (uint number = 1; number <= 400; number++)
        {
            if (number % 4 != 0)
            {
                _manager.HandleNumber(Id(1), number);
            }
        }

        Assert.InRange(_manager.LossOf(Id(1)), 0.15, 0.35);
        for (uint number = 401; number <= 500; number++)
        {
            _manager.HandleNumber(Id(1), number);
        }

        Assert.InRange(_manager.LossOf(Id(1)), 0, 0.01);

        // Neither a jump nor a step back says anything.
        _manager.HandleNumber(Id(1), 100_000);
        _manager.HandleNumber(Id(1), 3);
        Assert.InRange(_manager.LossOf(Id(1)), 0, 0.01);
    }

    [Fact]
    public void nothing_that_was_decided_is_undone_by_five_minutes_alone()
    {
        var table = new TestTable(4);
        var cut = false;
        var network = new TestNetwork(table);
        network.Filter = (peer, message) => cut && peer == 3 ? null : message;
        network.Receives = peer => !cut || peer != 3;
        Assert.True(network.RunUntil(() => network.Peers[3].State.Snapshot.Coin.Ready));
        var height = network.Peers[3].State.Height;
        var root = network.Peers[3].State.Root;
        cut = true;
        network.RunUntil(static () => false, 20);
        network.Do(3, peer => peer.Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 10, Point = null }), network.Now));
        network.Do(0, peer => peer.Play(EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 10, Point = null }), network.Now));
        Assert.True(network.RunUntil(() => network.Strategies.Contains((3, RecoveryStrategy.EmergencyRollback)), 400));

        // Alone it decided nothing and forgot nothing; the other three are a quorum, and went on.
        Assert.True(network.Peers[3].IsPaused);
        Assert.Equal(height, network.Peers[3].State.Height);
        Assert.Equal(root, network.Peers[3].State.Root);
        Assert.True(network.Peers[0].State.Game.Roll > 0);
        Assert.Contains((0, RecoveryStrategy.MajorityRule), network.Strategies);
        cut = false;
        Assert.True(network.RunUntil(() => network.Peers[3].State.Root.AsSpan().SequenceEqual(network.Peers[0].State.Root) && !network.Peers[3].IsPaused, 60));
        Assert.Contains((3, RecoveryStrategy.ActiveReconnection), network.Strategies);
    }

    [Fact]
    public void who_comes_back_to_a_table_of_strangers_catches_up_with_them()
    {
        var table = new TestTable(4);
        var cut = false;
        var network = new TestNetwork(table, new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(1), CheckpointInterval = 4, KeptHeights = 1 });
        network.Filter = (peer, message) => cut && peer == 0 ? null : message;
        network.Receives = peer => !cut || peer != 0;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        cut = true;
        for (var guest = 4; guest < 7; guest++)
        {
            var (number, key) = (guest, Xtmp.Crypto.Ed25519PrivateKey.FromSeed(TestTable.Seed(guest + 70)));
            var newcomer = PeerSecrets.Of(key, TestTable.Seed(guest + 80));
            network.Add(newcomer, table.Genesis, new TablePeerOptions { CheckpointInterval = 4, KeptHeights = 1 });
            network.Do(number, peer => peer.Join(newcomer.Request(table.Genesis.GameId.Span, TestTable.PublicOf(key), null, "newcomer", 250, new byte[16]), network.Now));
            Assert.True(network.RunUntil(() => network.Peers[number].Seat is not null && network.Peers[number].State.Snapshot.Coin.Ready));
        }

        for (var leaver = 1; leaver < 4; leaver++)
        {
            var number = leaver;
            network.Do(number, peer => peer.Submit(new SeatLeave(), network.Now));
            Assert.True(network.RunUntil(() => network.Peers[4].State.Seats!.Find(table.Secrets[number].PeerId.Span) is null));
        }

        // Of those that it knows nobody sits there any more, and what it lacks the others keep as a checkpoint alone.
        Assert.Equal(4, network.Peers[4].State.Snapshot.Seats.Count);
        Assert.True(network.Peers[0].State.Height < network.Peers[4].Log.Base.Height);
        cut = false;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Root.AsSpan().SequenceEqual(network.Peers[4].State.Root), 60));
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready && !network.Peers[0].IsPaused, 60));
    }

    private SeatSet Seats => _table.Genesis.Seats!;

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);

    private ReadOnlySpan<byte> Id(int seat) => _table.Secrets[seat].PeerId.Span;

    private void Hear(TimeSpan at, params int[] seats)
    {
        foreach (var seat in seats)
        {
            _manager.HandleHeard(Id(seat), at);
        }
    }

    private NetworkView View(ulong height, params (int Seat, int SecondsAgo)[] heard) => new()
    {
        Peers = [.. heard.Select(other => new PeerView { Peer = _table.Secrets[other.Seat].PeerId, LastHeard = At(other.SecondsAgo), PacketLoss = 0, Hops = 0, Height = height })],
        Height = height,
        Round = 0,
        StateRoot = new byte[32],
        Missing = [],
    };
}
