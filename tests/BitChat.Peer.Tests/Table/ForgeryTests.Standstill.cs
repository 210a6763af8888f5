using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>What stops a table or a seat for long: messages sent again, begun heights, full values, and what nobody votes for.</summary>
public sealed partial class ForgeryTests
{
    [Fact]
    public void who_fills_every_value_does_not_keep_what_is_due_from_being_decided()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        network.Silent = 3;
        var padding = EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, 0x0E, 0xD8, .. new byte[3_800]])!.UnknownFields!;
        var first = (network.Peers[0].State.Snapshot.Sequences[3].Last / 2 * 2) + 100;
        ulong[] next = [first, first, first];
        void Flood()
        {
            for (var peer = 0; peer < 3; peer++)
            {
                for (; network.Peers[peer].State.Snapshot.Seats.Count == 4 && next[peer] < Math.Max(first, network.Peers[peer].State.Snapshot.Sequences[3].Last) + 30; next[peer]++)
                {
                    network.Deliver(peer, Sealed(3, Filler(next[peer]), network));
                }
            }
        }

        GameOperation Filler(ulong sequence)
        {
            static byte[] Name(ulong of) => [.. BitConverter.GetBytes(of), .. new byte[8]];
            CrapsOperation body = sequence % 2 == 0 ? new PlaceBet { Bet = CrapsBet.Field, Amount = 1 } : new TakeDown { BetOperation = Name(sequence - 1) };
            var unsigned = new GameOperation { OperationId = Name(sequence), Player = _table.Secrets[3].PeerId, Sequence = sequence, Body = EncodedOperation.Of<TableOperation>(new GamePlay { Body = EncodedOperation.Of(body), UnknownFields = padding }), Signature = default };
            return unsigned with { Signature = _table.Secrets[3].Signatures.Sign(PeerIds.OperationText(_table.Genesis.GameId.Span, unsigned)) };
        }

        Flood();
        var seats = network.Peers[0].State.Seats!;
        Vote Of(byte value) => new() { Epoch = 1, Height = 900, Round = 0, Kind = VoteKind.Prevote, ValueId = Id(value), VoteSignature = _table.Secrets[3].Signatures.Sign(SignedText.OfVote(seats, 900, 0, VoteKind.Prevote, Id(value))) };
        for (var peer = 0; peer < 3; peer++)
        {
            network.Deliver(peer, Sealed(2, new DisputeClaim { DisputeId = new byte[32], Accused = _table.Secrets[3].PeerId, Kind = DisputeKind.DoubleSign, Evidence = new DoubleVote { First = Of(1), Second = Of(2) }, ClaimedAt = network.Now.Clock }, network));
        }

        Assert.True(network.RunUntil(
            () =>
            {
                Flood();
                return network.Peers[0].State.Snapshot.Seats.Count == 3;
            },
            5));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void heights_without_operations_leave_nobody_behind_for_ever(bool withholds)
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[2].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        (network.Silent, network.Receives) = (2, static peer => peer != 2);
        network.Filter = (peer, message) => withholds && peer == 3 && message.Payload is ConsensusPayload.CheckpointVoteArm ? null : message;
        var (left, isGoing) = (network.Peers[2].State.Height, true);
        while (isGoing && network.Peers[0].State.Height < left + (ulong)(withholds ? TableLog.MaxDecided : TableLog.CheckpointHeights) + 20)
        {
            // A vote of a round that does not come is enough to begin a height.
            var height = network.Peers[0].State.Height + 1;
            var vote = new Vote { Epoch = 1, Height = height, Round = 9, Kind = VoteKind.Prevote, VoteSignature = _table.Secrets[3].Signatures.Sign(SignedText.OfVote(_table.Genesis.Seats!, height, 9, VoteKind.Prevote, null)) };
            network.Deliver(0, Sealed(3, vote, network));
            network.Deliver(1, Sealed(3, vote, network));
            isGoing = network.RunUntil(() => network.Peers[0].State.Height >= height, 3);
        }

        Assert.Equal(withholds, network.Peers[0].Log.Checkpoint is null);
        (network.Silent, network.Receives) = (3, static _ => true);
        var last = network.Peers[0].State.Height;
        Assert.True(network.RunUntil(() => network.Peers[2].State.Height >= last), $"{network.Peers[2].State.Height} of {last}");
        TableTests.Bet(network, 0);
        var index = network.Peers[2].State.Snapshot.OperationIndex;
        Assert.True(network.RunUntil(() => network.Peers[2].State.Snapshot.OperationIndex > index));
    }

    [Fact]
    public void votes_of_a_seat_that_others_send_again_do_not_take_its_room()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        var early = new EarlyMessages();
        var vote = VoteOf(1, 0, VoteKind.Prevote, null);
        for (var i = 0; i < 16; i++)
        {
            early.Add(1, Sealed(1, vote with { Detail = $"{i}" }, network) with { UnknownFields = s_padding });
        }

        early.Add(1, Sealed(1, VoteOf(1, 0, VoteKind.Precommit, null), network));
        Assert.Equal(2, early.Count);
        Assert.All(early.Take(), kept => Assert.InRange(((IXtmpStruct)kept.Message).GetEncodedSize(), 1, 1_000));
    }

    [Fact]
    public void votes_that_no_seat_signed_begin_no_height()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        var height = network.Peers[0].State.Height;
        ConsensusPayload[] forged =
        [
            VoteOf(1, 0, VoteKind.Prevote, null) with { Height = height + 1 },
            new Proposal { Epoch = 1, Height = height + 1, Round = 0, Value = Rules.Build(network.Peers[0].State, [], network.Now.Clock, static (_, _) => { }), ProposerSignature = new byte[64] },
            new LockProof { Epoch = 1, Height = height + 1, Round = 0, ValueId = Id(5), Signatures = [.. Enumerable.Range(0, 3).Select(seat => new SeatSignature { Seat = (byte)seat, Signature = new byte[64] })] },
        ];
        foreach (var payload in forged)
        {
            for (var peer = 0; peer < 4; peer++)
            {
                network.Deliver(peer, Sealed((peer + 1) % 4, payload, network));
            }
        }

        network.RunUntil(static () => false, 5);
        Assert.Equal(height, network.Peers[0].State.Height);
    }

    [Fact]
    public void a_proposal_that_a_seat_did_not_sign_costs_it_no_trust()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        network.Silent = 0;
        var state = network.Peers[0].State;
        TableTests.Bet(network, 0);
        var other = (state.Seats!.Proposer(state.Height + 1, 0) + 1) % 4 is var next && next == 0 ? 1 : next;
        var proposal = new Proposal { Epoch = 1, Height = state.Height + 1, Round = 0, Value = Rules.Build(state, [], network.Now.Clock, static (_, _) => { }), ProposerSignature = new byte[64] };
        for (var i = 0; i < 10; i++)
        {
            network.Deliver(0, Sealed(other, proposal, network));
        }

        Assert.Equal(1, network.Peers[0].AntiCheat.TrustIn(_table.Secrets[other].PeerId.Span, network.Now.Elapsed));
    }

    [Fact]
    public void what_others_write_into_a_vote_is_not_passed_on()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        var relayed = new List<Vote>();
        network.Filter = (peer, message) =>
        {
            if (peer == 0 && message.Payload is ConsensusPayload.VoteArm { Value: { Round: 3 } vote })
            {
                relayed.Add(vote);
            }

            return message;
        };
        var signed = VoteOf(1, 3, VoteKind.Prevote, null);
        network.Receives = static peer => peer == 0;
        network.Deliver(0, Sealed(1, signed with { RejectReason = RejectReason.Locked, Detail = "seat 3 cheats" }, network));
        network.Deliver(0, Sealed(1, VoteOf(1, 0, VoteKind.Prevote, null), network));
        network.Deliver(0, Sealed(2, VoteOf(2, 3, VoteKind.Prevote, null), network));
        var have = new Have { Epoch = 1, Height = 1, Number = 1, Rounds = [new RoundHave { Round = 3, Prevotes = 0, Precommits = 0, Proposal = false, LockProof = false }], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
        network.Deliver(0, Sealed(3, have, network));
        Assert.Contains(relayed, vote => vote.VoteSignature.Span.SequenceEqual(signed.VoteSignature.Span));
        Assert.All(relayed, vote => Assert.Null(vote.Detail));
        Assert.All(relayed, vote => Assert.Null(vote.RejectReason));
    }

    [Fact]
    public void a_request_to_join_that_others_send_again_brings_nobody_back()
    {
        var network = new TestNetwork(_table, new TablePeerOptions());
        var guest = Guest(8, out var key);
        network.Add(guest, _table.Genesis, new TablePeerOptions());
        ConsensusMessage Asks(byte nonce) => new MessageGate(guest, _table.Genesis.GameId).Seal(guest.Request(_table.Genesis.GameId.Span, key, null, "guest", 50, Id(nonce)[..16]), guest.PeerId, 1, network.Now.Clock);
        void Send(ConsensusMessage message)
        {
            for (var peer = 0; peer < 4; peer++)
            {
                network.Deliver(peer, message);
            }
        }

        var request = Asks(1);
        Send(request);
        Assert.True(network.RunUntil(() => network.Peers[4].Seat is not null));
        network.Do(4, peer => peer.Submit(new SeatLeave(), network.Now));
        Assert.True(network.RunUntil(() => network.Peers.Take(4).All(peer => peer.State.Seats!.Count == 4)));
        Send(request);
        network.RunUntil(static () => false, 10);
        Assert.Equal(4, network.Peers[0].State.Seats!.Count);
        Send(Asks(2));
        Assert.True(network.RunUntil(() => network.Peers[0].State.Seats!.Count == 5));
    }

    [Fact]
    public void an_operation_that_nobody_votes_for_stops_nobody()
    {
        var network = new TestNetwork(_table, new TablePeerOptions { Admits = static _ => false });
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        network.Silent = 3;
        var guest = Guest(8, out var key);
        TableOperation body = new SeatAdmission { Request = guest.Request(_table.Genesis.GameId.Span, key, null, "guest", 0, new byte[16]) };
        var unsigned = new GameOperation { OperationId = new byte[16], Player = _table.Secrets[3].PeerId, Sequence = 1_000, Body = EncodedOperation.Of(body), Signature = default };
        var operation = Sealed(3, unsigned with { Signature = _table.Secrets[3].Signatures.Sign(PeerIds.OperationText(_table.Genesis.GameId.Span, unsigned)) }, network);
        for (var peer = 0; peer < 3; peer++)
        {
            network.Deliver(peer, operation);
        }

        TableTests.Bet(network, 0);
        var index = network.Peers[0].State.Snapshot.OperationIndex;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.OperationIndex > index));
        network.RunUntil(static () => false, 10);
        var height = network.Peers[0].State.Height;
        network.RunUntil(static () => false, 10);
        Assert.Equal(height, network.Peers[0].State.Height);
        Assert.Equal(4, network.Peers[0].State.Snapshot.Seats.Count);
    }

    [Fact]
    public void who_dropped_its_commitment_while_it_was_cut_off_commits_again()
    {
        var table = new TestTable(2);
        var network = new TestNetwork(table);
        network.Filter = (peer, message) => peer == 1 && network.Peers[1].State.Game.AwaitsRoll ? null : message;
        TableTests.Bet(network, 0);
        TableTests.Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.AwaitsRoll));
        network.Receives = static _ => false;
        network.RunUntil(static () => false, 400);
        (network.Receives, network.Filter) = (static _ => true, static (_, message) => message);
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Game.Roll > 0)));
    }

    [Fact]
    public void a_restart_goes_on_with_the_checkpoint_that_was_due()
    {
        var options = new TablePeerOptions { CheckpointInterval = 8 };
        var network = new TestNetwork(_table, options);
        var due = new HashSet<ulong>();
        network.Filter = (_, message) =>
        {
            if (message.Payload is ConsensusPayload.HaveArm { Value.CheckpointHeight: > 0 and var height })
            {
                due.Add(height);
            }

            return message.Payload is ConsensusPayload.CheckpointVoteArm ? null : message;
        };
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        TableTests.Bet(network, 0);
        TableTests.Bet(network, 1);
        network.RunUntil(static () => false, 10);
        var again = new TablePeer(_table.Secrets[0], _table.Genesis, options);
        again.Start(network.Now, network.Decided.Select(decided => (JournalRecord)decided));
        Assert.Equal(network.Peers[0].State.Height, again.State.Height);
        Have? have = null;
        for (var i = 0; i < 20 && have is null; i++)
        {
            again.HandleTimeout(new PeerTime(again.PollTimeout()!.Value, network.Now.Clock));
            while (again.PollEffect() is { } effect)
            {
                have = effect is PeerEffect.Send(_, { Payload: ConsensusPayload.HaveArm { Value: var told } }) ? told : have;
            }
        }

        Assert.Equal(Assert.Single(due), have!.CheckpointHeight);
        Assert.Equal(1, have.CheckpointSignatures);
    }

    [Fact]
    public void who_lost_the_signatures_of_a_checkpoint_is_sent_them_after_the_others_have_it()
    {
        var isLost = true;
        var network = new TestNetwork(_table, new TablePeerOptions { CheckpointInterval = 8 });
        network.Receives = peer => peer != 0 || !isLost;
        Assert.True(network.RunUntil(() => network.Peers[1].Log.Checkpoint is not null));
        isLost = false;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Height == network.Peers[1].State.Height));
        var height = network.Peers[1].Log.Checkpoint!.Height;
        Assert.True(network.RunUntil(() => network.Peers[0].Log.Checkpoint?.Height == height, 60));
    }
}
