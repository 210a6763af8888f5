using System.Buffers;
using BitChat.Messages;

namespace BitChat.Peer.Tests.Table;

/// <summary>Whole tables with real keys and P-256, every message through its encoding.</summary>
public sealed class TableTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void craps_is_played_and_the_transcript_proves_it(int seats, bool postQuantum)
    {
        var table = new TestTable(seats, postQuantum: postQuantum);
        var network = new TestNetwork(table);
        Rolls(network, 2);
        var bytes = Transcript(table, network);
        var report = TranscriptVerifier.Create().Verify(bytes);
        Assert.Null(report.Fault);
        Assert.Equal(2, report.Rolls.Count);
        Assert.Equal(network.Peers[0].State.Snapshot.BroughtIn, (ulong)report.State!.Game.TotalChips);
        Assert.All(network.Decided, decided => Assert.Equal(postQuantum, decided.Certificate.Signatures[0].PostQuantum is not null));

        // Any changed byte shows, with its place.
        var random = new Random(seats);
        for (var i = 0; i < 150; i++)
        {
            var changed = bytes.ToArray();
            var at = i < 40 ? i * bytes.Length / 40 : random.Next(bytes.Length);
            changed[at] ^= (byte)(1 << random.Next(8));
            var wrong = TranscriptVerifier.Create().Verify(changed);
            Assert.True(wrong.Fault is not null && wrong.Offset <= at, $"byte {at} changed; {wrong.Fault} at {wrong.Offset}");
        }

        Assert.NotNull(TranscriptVerifier.Create().Verify(bytes.AsSpan(0, bytes.Length / 2)).Fault);
        output.WriteLine($"{bytes.Length} bytes for {network.Decided.Count} heights");
    }

    [Fact]
    public void a_clock_finer_than_the_wire_does_not_part_the_proposer_from_the_others()
    {
        var table = new TestTable(4);
        var rules = new TableRules(new Ed25519Verifier(), P256Group.Instance, new ProofCache());
        var value = rules.Build(table.Genesis, [], TestTable.Opened + TimeSpan.FromTicks(10_000_007), static (_, _) => { });
        var own = rules.Apply(table.Genesis, value, out _);
        var read = rules.Apply(table.Genesis, EncodedOperation.Parse<ProposedValue>(EncodedOperation.Of(value))!, out _);

        // The next proposer's clock is behind: its value has the earliest time that the state it read allows.
        var next = rules.Build(read!, [], TestTable.Opened, static (_, _) => { });
        Assert.NotNull(rules.Apply(own!, next, out var fault));
        Assert.Equal(TableFault.None, fault);
    }

    [Fact]
    public void another_game_is_one_more_class()
    {
        var network = new TestNetwork(new TestTable(4, CoinTossTable.Kind));
        Rolls(network, 2, player => EncodedOperation.Of<TossOperation>(new TossBet { Heads = player % 2 == 0, Amount = 10 }));
        var end = network.Peers[0].State;
        Assert.Equal(end.Root, network.Peers[3].State.Root);
        Assert.Equal(end.Snapshot.BroughtIn, (ulong)end.Game.TotalChips);
    }

    [Fact]
    public void a_witness_lifts_three_players_to_a_coin()
    {
        var network = new TestNetwork(new TestTable(4, witnesses: 1));
        Rolls(network, 1, players: 3);
        Assert.True(network.Peers[3].State.Snapshot.Seats[3].Witness);
        Assert.True(network.Peers[0].State.UsesCoin);
    }

    [Fact]
    public void who_keeps_its_part_back_at_a_small_table_is_named_and_loses_its_stake()
    {
        var table = new TestTable(2);
        var network = new TestNetwork(table);
        network.Filter = (peer, message) => peer == 1 && message.Payload is ConsensusPayload.RandomnessRevealArm or ConsensusPayload.ProposalArm && network.Peers[1].State.Snapshot.Commits.Count == 2 ? null : message;
        Bet(network, 0);
        Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Commits.Count == 2));
        Assert.False(network.RunUntil(() => network.Peers[0].State.Game.Roll > 0, 90));
        var last = network.Peers[0].State;
        Assert.Contains(last.Game.Players, player => player.Chips == 990);
        var settlement = Settlement.Of(new TableRules(new Ed25519Verifier(), P256Group.Instance, new ProofCache()), last, network.Peers[0].Reveals);
        Assert.True(Assert.Single(settlement.AtFault).Span.SequenceEqual(table.Secrets[1].PeerId.Span));
        Assert.Equal(1_000UL, settlement.Chips.Single(player => player.Player.Span.SequenceEqual(table.Secrets[0].PeerId.Span)).Chips);
        Assert.Equal(990UL, settlement.Chips.Single(player => player.Player.Span.SequenceEqual(table.Secrets[1].PeerId.Span)).Chips);
        Assert.Equal(last.Snapshot.BroughtIn, settlement.Bank + settlement.Chips.Aggregate(0UL, (sum, player) => sum + player.Chips));
    }

    [Fact]
    public void a_player_joins_and_leaves_and_is_paid_out()
    {
        var table = new TestTable(4);
        var network = new TestNetwork(table);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        var key = Xtmp.Crypto.Ed25519PrivateKey.FromSeed(TestTable.Seed(77));
        var newcomer = PeerSecrets.Of(key, TestTable.Seed(78));
        network.Add(newcomer, table.Genesis, new TablePeerOptions());
        network.Do(4, peer => peer.Join(newcomer.Request(table.Genesis.GameId.Span, TestTable.PublicOf(key), null, "newcomer", 250, new byte[16]), network.Now));
        Assert.True(network.RunUntil(() => network.Peers[4].Seat is not null));
        Assert.Equal(5, network.Peers[0].State.Snapshot.Seats.Count);
        Assert.Equal(2UL, network.Peers[0].State.Snapshot.Epoch);
        Assert.True(network.RunUntil(() => network.Peers[4].State.Snapshot.Coin.Ready));
        network.Do(4, peer => peer.Submit(new SeatLeave(), network.Now));
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Seats.Count == 4));
        var paid = Assert.Single(network.Peers[0].State.Snapshot.PaidOut.ToArray());
        Assert.Equal(250UL, paid.Chips);
        Assert.True(paid.Player.Span.SequenceEqual(newcomer.PeerId.Span));
    }

    [Fact]
    public void a_double_vote_is_proved_and_expels()
    {
        var table = new TestTable(4);
        var network = new TestNetwork(table);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.Filter = (peer, message) =>
        {
            if (peer == 3 && message.Payload is ConsensusPayload.VoteArm { Value: { ValueId: not null } vote } && message.Sender.Span.SequenceEqual(table.Secrets[3].PeerId.Span))
            {
                var other = vote with { ValueId = null };
                other = other with { VoteSignature = table.Secrets[3].Signatures.Sign(SignedText.OfVote(network.Peers[0].State.Seats!, vote.Height, vote.Round, vote.Kind, default)) };
                network.Deliver(0, message with { Payload = other });
            }

            return message;
        };
        Bet(network, 0);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Seats.Count == 3));
        Assert.True(Assert.Single(network.Peers[0].State.Snapshot.Excluded.ToArray()).Span.SequenceEqual(table.Secrets[3].PeerId.Span));
        Assert.Equal(network.Peers[0].State.Snapshot.BroughtIn, (ulong)network.Peers[0].State.Game.TotalChips);
        Assert.All(network.Suspected, suspicion => Assert.True(suspicion.Evidence.Suspect.Span.SequenceEqual(table.Secrets[3].PeerId.Span)));
    }

    [Fact]
    public void the_leader_changes_every_thirty_seconds_by_decision()
    {
        var network = new TestNetwork(new TestTable(4));
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot is { Term: 2, Leader: 2 }), 120));
        Assert.True(network.Now.Elapsed >= TimeSpan.FromSeconds(60), $"{network.Now.Elapsed}");
    }

    [Fact]
    public void fewer_than_a_quorum_pause_and_go_on_once_they_hear_again()
    {
        var network = new TestNetwork(new TestTable(4));
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.Filter = (_, _) => null;
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.IsPaused), 60));
        Bet(network, 0);
        network.Filter = static (_, message) => message;
        Assert.True(network.RunUntil(() => network.Peers.All(peer => !peer.IsPaused && peer.State.Game.Roll > 0), 120));
    }

    internal static void Bet(TestNetwork network, int player, byte[]? body = null) => network.Do(player, peer =>
        peer.Play(body ?? EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 10, Point = null }), network.Now));

    internal static void Rolls(TestNetwork network, ulong rolls, Func<int, byte[]>? bet = null, int? players = null)
    {
        for (ulong roll = 0; roll < rolls; roll++)
        {
            for (var player = 0; player < (players ?? network.Peers.Count); player++)
            {
                Bet(network, player, bet?.Invoke(player));
            }

            Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Game.Roll > roll)), $"roll {roll} never came");
        }
    }

    internal static byte[] Transcript(TestTable table, TestNetwork network)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new TranscriptWriter(bytes, table.Genesis);
        foreach (var decided in network.Decided)
        {
            writer.Write(decided);
        }

        writer.End(network.Peers.MaxBy(peer => peer.State.Height)!.State);
        return bytes.WrittenSpan.ToArray();
    }
}
