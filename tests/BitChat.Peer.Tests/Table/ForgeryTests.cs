using System.Numerics;
using System.Security.Cryptography;
using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>What one seat, or nobody who sits there, can make of the signed messages of others, and of fields that no signature covers.</summary>
public sealed partial class ForgeryTests
{
    private static readonly UnknownFields s_padding = EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, 0x10, 0x00, .. new byte[4_096]])!.UnknownFields!;
    private static readonly P256Group s_group = P256Group.Instance;

    private readonly TestTable _table = new(4);

    private static TableRules Rules => new(new Ed25519Verifier(), s_group, new ProofCache());

    [Fact]
    public void a_vote_against_all_is_no_vote_for_a_value_of_zeros()
    {
        var against = VoteOf(3, 1, VoteKind.Prevote, null);
        var zeros = against with { ValueId = new byte[32] };
        Assert.False(Rules.IsProof(_table.Genesis, 3, new DoubleVote { First = against, Second = zeros }));
        Assert.False(Rules.IsProof(_table.Genesis, 3, new BrokenLock { Precommit = VoteOf(3, 0, VoteKind.Precommit, Id(5)), Prevote = zeros }));

        var network = new TestNetwork(_table);
        Assert.Equal(PeerInput.Taken, network.Peers[0].HandleMessage(Sealed(3, against, network), network.Now));
        Assert.Equal(PeerInput.BadSignature, network.Peers[0].HandleMessage(Sealed(3, zeros, network), network.Now));
        Assert.Empty(network.Peers[0].AntiCheat.Evidence);
    }

    [Fact]
    public void a_proof_of_lock_of_the_last_round_of_all_is_not_none()
    {
        var vote = VoteOf(3, 1, VoteKind.Prevote, Id(5));
        Assert.False(Rules.IsProof(_table.Genesis, 3, new DoubleVote { First = vote, Second = vote with { ProofOfLockRound = uint.MaxValue } }));
        var precommit = VoteOf(3, 1, VoteKind.Precommit, Id(5));
        Assert.False(Rules.IsProof(_table.Genesis, 3, new DoubleVote { First = precommit, Second = precommit with { ProofOfLockRound = uint.MaxValue } }));
        var header = new ProposalHeader { Epoch = 1, Height = 1, Round = 2, ValueId = Id(5), ProposerSignature = _table.Secrets[3].Signatures.Sign(SignedText.OfProposal(_table.Genesis.Seats!, 1, 2, null, Id(5))) };
        Assert.False(Rules.IsProof(_table.Genesis, 3, new DoubleProposal { First = header, Second = header with { ProofOfLockRound = uint.MaxValue } }));
    }

    [Fact]
    public void a_second_signature_that_no_table_asked_for_spoils_no_certificate()
    {
        var network = new TestNetwork(_table, new TablePeerOptions { BettingWindow = TimeSpan.FromSeconds(1), CheckpointInterval = 4 });
        network.Filter = (peer, message) =>
        {
            // Whoever hears a vote first can send it on with more.
            if (peer != 0 && message.Payload is ConsensusPayload.VoteArm { Value: { Kind: VoteKind.Precommit } vote })
            {
                network.Deliver(0, message with { Payload = vote with { PostQuantumSignature = new byte[4_627] } });
            }
            else if (peer != 0 && message.Payload is ConsensusPayload.CheckpointVoteArm { Value: var checkpoint })
            {
                network.Deliver(0, message with { Payload = checkpoint with { Signature = checkpoint.Signature with { PostQuantum = new byte[4_627] } } });
            }

            return message;
        };
        TableTests.Rolls(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[0].Log.Checkpoint is not null, 30));
        Assert.All(network.Peers[0].Log.Decided, decided => Assert.True(Certificates.Verify(network.Peers[0].State.Seats!, new Ed25519Verifier(), decided)));
        var known = network.Peers[0].Log.Checkpoint!;
        Assert.All(known.Signatures, signature => Assert.Null(signature.PostQuantum));
    }

    [Fact]
    public void a_proof_of_a_part_with_fields_that_nobody_knows_does_not_keep_the_roll_from_coming()
    {
        var network = new TestNetwork(_table);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.Filter = (peer, message) =>
        {
            if (peer != 0)
            {
                return message;
            }

            if (message.Payload is ConsensusPayload.RandomnessRevealArm { Value: { Seat: 0, Proof: RandomnessProof.CoinShareArm { Value: var share } } reveal })
            {
                var padded = Sealed(0, reveal with { Proof = share with { Proof = share.Proof with { UnknownFields = s_padding } } }, network);
                for (var other = 1; other < 4; other++)
                {
                    network.Deliver(other, padded);
                }

                return null;
            }

            return message.Payload is ConsensusPayload.ProposalArm or ConsensusPayload.RandomnessRevealArm ? null : message;
        };
        TableTests.Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.Roll == 1));
    }

    [Fact]
    public void who_deals_last_can_make_its_own_key_nothing_and_stops_nobody()
    {
        var seats = _table.Genesis.Seats!;
        var dealings = Enumerable.Range(0, 3).Select(seat => CoinDealings.Deal(s_group, seats, seat, TestTable.Seed(seat))).ToList();
        var others = dealings.Select((dealing, dealer) => CoinDealings.Open(s_group, seats, dealer, dealing, 3, _table.Secrets[3].DealSecret)!.Value).Aggregate(BigInteger.Add);
        dealings.Add(DealingOf(seats, 3, [s_group.Reduce(-others - 4 - 16), 1, 1]));
        Assert.All(Enumerable.Range(0, 3), seat => Assert.NotNull(CoinDealings.Open(s_group, seats, 3, dealings[3], seat, _table.Secrets[seat].DealSecret)));
        var state = _table.Genesis;
        for (var seat = 0; seat < 4; seat++)
        {
            state = Decide(state, _table.Secrets[seat], dealings[seat]);
        }

        for (var seat = 0; seat < 3; seat++)
        {
            state = Decide(state, _table.Secrets[seat], new CoinVerdict { Accepted = 0b1111, Complaints = [] });
        }

        Assert.True(state.Snapshot.Coin.Ready);
        Assert.Equal(state.Root, TableState.Parse(state.GameId, state.Height, EncodedOperation.Parse<TableSnapshot>(EncodedOperation.Of(state.Encoded))!)!.Root);
        Assert.Null(state.Snapshot.Seats[3].CoinKey);
        state = Decide(state, _table.Secrets[1], new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 1 }) });
        state = Decide(state, _table.Secrets[0], new GamePlay { Body = state.Game.Close!.Value });
        Assert.False(Rules.IsGood(state, new RandomnessReveal { Roll = 0, Seat = 3, Proof = ThresholdCoin.Share(s_group, state.Seats!, 0, 1) }));
        RandomnessReveal[] parts = [.. Enumerable.Range(0, 3).Select(seat => new RandomnessReveal
        {
            Roll = 0,
            Seat = (byte)seat,
            Proof = ThresholdCoin.Share(s_group, state.Seats!, 0, s_group.Reduce(dealings.Select((dealing, dealer) => CoinDealings.Open(s_group, seats, dealer, dealing, seat, _table.Secrets[seat].DealSecret)!.Value).Aggregate(BigInteger.Add))),
        })];
        Assert.NotNull(Rules.Outcome(state, parts));
    }

    [Fact]
    public void a_clock_at_the_end_of_time_stops_nobody()
    {
        var table = new TestTable(2);
        var network = new TestNetwork(table, silent: 1);
        var end = new DateTimeOffset(DateTimeOffset.MaxValue.UtcTicks / 10 * 10, TimeSpan.Zero);
        var have = new Have { Epoch = 1, Height = 1, Number = 0, Rounds = [], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
        network.Deliver(0, new MessageGate(table.Secrets[1], table.Genesis.GameId).Seal(have, table.Secrets[1].PeerId, 1, end));
        network.RunUntil(static () => false, 5);
        network.Do(0, peer => peer.FaultOf(new SeatLeave(), network.Now));
    }

    [Fact]
    public void messages_of_yesterday_move_no_clock_and_cost_their_sender_no_trust()
    {
        var gate = new MessageGate(_table.Secrets[0], _table.Genesis.GameId);
        var have = new Have { Epoch = 1, Height = 1, Number = 0, Rounds = [], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
        ConsensusMessage Of(int seat, DateTimeOffset at) => new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(have, _table.Secrets[seat].PeerId, 1, at);
        var now = TestTable.Opened.AddDays(1);
        foreach (var at in new[] { now, TestTable.Opened })
        {
            for (var seat = 1; seat < 4; seat++)
            {
                Assert.Equal(at == now ? null : PeerInput.BadClock, gate.Check(Of(seat, at), _table.Genesis.Seats![seat], now));
            }
        }

        Assert.Equal(TimeSpan.Zero, gate.MedianOffset);

        // Where all clocks but this one go back, this one follows after a while.
        for (var seat = 1; seat < 4; seat++)
        {
            gate.Check(Of(seat, now.AddMinutes(-9)), _table.Genesis.Seats![seat], now.AddMinutes(1));
        }

        Assert.Equal(TimeSpan.FromMinutes(-10), gate.MedianOffset);

        var network = new TestNetwork(_table);
        network.RunUntil(static () => false, 100);
        Assert.Equal(PeerInput.BadClock, network.Peers[0].HandleMessage(Of(1, TestTable.Opened), network.Now));
        Assert.Equal(1, network.Peers[0].AntiCheat.TrustIn(_table.Secrets[1].PeerId.Span, network.Now.Elapsed));
    }

    [Fact]
    public void many_messages_of_one_seat_do_not_make_those_of_another_new()
    {
        var gate = new MessageGate(_table.Secrets[0], _table.Genesis.GameId);
        var have = new Have { Epoch = 1, Height = 1, Number = 0, Rounds = [], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
        ConsensusMessage Of(int seat, uint number) => new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(have with { Number = number }, _table.Secrets[seat].PeerId, 1, TestTable.Opened);
        Assert.Null(gate.Check(Of(1, 1), _table.Genesis.Seats![1], TestTable.Opened));
        for (var number = 0u; number < 2_000; number++)
        {
            Assert.Null(gate.Check(Of(3, number), _table.Genesis.Seats[3], TestTable.Opened));
        }

        Assert.Equal(PeerInput.Duplicate, gate.Check(Of(1, 1), _table.Genesis.Seats[1], TestTable.Opened));
    }

    [Fact]
    public void requests_that_the_table_cannot_grant_keep_nobody_from_joining()
    {
        var network = new TestNetwork(_table);
        for (var i = 0; i < 8; i++)
        {
            var input = network.Peers[0].HandleMessage(Request(i, long.MaxValue, network), network.Now);
            Assert.Equal(PeerInput.NotNow, input);
        }

        for (var peer = 0; peer < 4; peer++)
        {
            network.Do(peer, victim => Assert.Equal(PeerInput.Taken, victim.HandleMessage(Request(8, 0, network), network.Now)));
        }

        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Seats.Count == 5));
    }

    [Fact]
    public void a_request_that_was_not_granted_in_time_gives_way()
    {
        var network = new TestNetwork(_table, new TablePeerOptions()) { Silent = 1 };
        network.Receives = static peer => peer == 0;
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(PeerInput.Taken, network.Peers[0].HandleMessage(Request(i, 0, network), network.Now));
        }

        Assert.Equal(PeerInput.TooMany, network.Peers[0].HandleMessage(Request(8, 0, network), network.Now));
        network.RunUntil(static () => false, 10);
        var later = new PeerTime(network.Now.Elapsed + TimeSpan.FromSeconds(61), network.Now.Clock);
        Assert.Equal(PeerInput.Taken, network.Peers[0].HandleMessage(Request(8, 0, network), later));
    }

    [Fact]
    public void more_chips_than_can_be_counted_are_not_let_in_and_the_table_rests()
    {
        var state = _table.Genesis;
        for (var i = 0; i < 3; i++)
        {
            var guest = Guest(i, out var key);
            state = Decide(state, _table.Secrets[0], new SeatAdmission { Request = guest.Request(state.GameId.Span, key, null, "guest", 1UL << 62, new byte[16]) });
            state = Decide(state, guest, new SeatLeave());
        }

        var network = new TestNetwork(new TestTable(4) { Genesis = state }, new TablePeerOptions());
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        network.RunUntil(static () => false, 2);
        var before = network.Peers[0].State.Height;
        for (var peer = 0; peer < 4; peer++)
        {
            var number = peer;
            network.Do(number, victim => victim.HandleMessage(Request(50, 1UL << 62, network), network.Now));
        }

        network.RunUntil(static () => false, 10);
        Assert.InRange(network.Peers[0].State.Height - before, 0UL, 3UL);
    }

    [Fact]
    public void a_bet_that_another_player_names_alike_is_another_bet()
    {
        var table = CrapsTable.Open([(Id(1), 100), (Id(2), 100)], 1_000);
        var bet = new PlaceBet { Bet = CrapsBet.Field, Amount = 1 };
        var first = table.Place(Id(1), new byte[16], bet).Table;
        Assert.Equal(GameFault.Repeated, first.Place(Id(1), new byte[16], bet).Fault);
        var second = first.Place(Id(2), new byte[16], bet);
        Assert.Equal(GameFault.None, second.Fault);
        var down = second.Table.TakeDown(Id(2), new TakeDown { BetOperation = new byte[16] });
        Assert.Equal(Convert.ToHexString(Id(1)), Assert.Single(down.Table.Bets).Player);
    }

    [Fact]
    public void a_value_with_fields_that_nobody_knows_is_not_decided()
    {
        var value = Rules.Build(_table.Genesis, [], TestTable.Opened.AddSeconds(1), static (_, _) => { });
        Assert.NotNull(Rules.Apply(_table.Genesis, value, out _));
        Assert.Null(Rules.Apply(_table.Genesis, value with { UnknownFields = s_padding }, out var fault));
        Assert.Equal(TableFault.Malformed, fault);
    }

    [Fact]
    public void who_hears_nothing_of_another_commitment_cannot_take_the_stake_behind_it()
    {
        var table = new TestTable(2);
        var network = new TestNetwork(table);
        network.Filter = (peer, message) => peer == 0 && network.Peers[0].State.Game.AwaitsRoll && message.Payload is ConsensusPayload.OperationArm or ConsensusPayload.ProposalArm && message.Sender.Span.SequenceEqual(table.Secrets[0].PeerId.Span) ? null : message;
        TableTests.Bet(network, 0);
        network.RunUntil(() => network.Peers[0].State.Game.Roll > 0, 90);
        Assert.Equal(0UL, network.Peers[0].State.Game.Roll);
        network.Filter = static (_, message) => message;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Game.Roll > 0));
        Assert.Contains(network.Decided.SelectMany(decided => decided.Value.Operations), operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.RollArm);
    }

    [Fact]
    public void evidence_that_proves_nothing_any_more_keeps_none_from_being_held()
    {
        var network = new TestNetwork(_table);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        ConsensusMessage Claim()
        {
            var seats = network.Peers[1].State.Seats!;
            Vote Of(byte value) => new() { Epoch = seats.Epoch, Height = 900, Round = 0, Kind = VoteKind.Prevote, ValueId = Id(value), VoteSignature = _table.Secrets[3].Signatures.Sign(SignedText.OfVote(seats, 900, 0, VoteKind.Prevote, Id(value))) };
            return Sealed(2, new DisputeClaim { DisputeId = new byte[32], Accused = _table.Secrets[3].PeerId, Kind = DisputeKind.DoubleSign, Evidence = new DoubleVote { First = Of(1), Second = Of(2) }, ClaimedAt = network.Now.Clock }, network);
        }

        // It is told of the first while it is cut off, and the seats change until it is back.
        (network.Silent, network.Receives) = (0, static peer => peer != 0);
        network.Do(0, peer => Assert.Equal(PeerInput.Taken, peer.HandleMessage(Claim(), network.Now)));
        for (var peer = 1; peer < 4; peer++)
        {
            network.Do(peer, other => other.HandleMessage(Request(8, 0, network), network.Now));
        }

        Assert.True(network.RunUntil(() => network.Peers[1].State.Snapshot.Epoch == 2));
        (network.Silent, network.Receives) = (null, static _ => true);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Epoch == 2));
        network.Do(0, peer => Assert.Equal(PeerInput.Taken, peer.HandleMessage(Claim(), network.Now)));
        Assert.True(network.RunUntil(() => network.Peers[1].State.Snapshot.Excluded.Count == 1));
    }

    [Fact]
    public void signatures_of_an_old_checkpoint_undo_no_later_one()
    {
        var network = new TestNetwork(_table, new TablePeerOptions { CheckpointInterval = 8, KeptHeights = 1 });
        var old = new List<ConsensusMessage>();
        var isCut = false;
        network.Filter = (peer, message) =>
        {
            if (message.Payload is ConsensusPayload.CheckpointVoteArm && network.Peers[0].Log.Checkpoint is null && !isCut)
            {
                old.Add(message);
            }

            return message;
        };
        network.Receives = peer => peer != 0 || (!isCut && old.Count == 0);
        Assert.True(network.RunUntil(() => old.Count >= 3 && network.Peers[1].Log.Checkpoint is not null));
        isCut = true;
        var first = network.Peers[1].Log.Base.Height;
        for (var i = 0; i < 20; i++)
        {
            TableTests.Bet(network, 1);
            var index = network.Peers[1].State.Snapshot.OperationIndex;
            Assert.True(network.RunUntil(() => network.Peers[1].State.Snapshot.OperationIndex > index));
        }

        Assert.True(network.RunUntil(() => network.Peers[1].Log.Base.Height > first + 4));
        network.Receives = static _ => true;
        Assert.True(network.RunUntil(() => network.Peers[0].Log.Base.Height > first));
        var later = network.Peers[0].Log.Base.Height;
        foreach (var vote in old)
        {
            network.Deliver(0, vote);
        }

        Assert.True(network.Peers[0].Log.Base.Height >= later, $"{network.Peers[0].Log.Base.Height} after {later}");
    }

    [Fact]
    public void those_that_came_and_went_and_claimed_to_be_ahead_keep_nobody_from_being_asked()
    {
        var synchronizer = new StateSynchronizer(_table.Genesis.GameId, _table.Secrets[0].Signatures, TableMutations.None);
        var now = TimeSpan.Zero;
        for (byte gone = 0; gone < 64; gone++)
        {
            synchronizer.HandleAhead(Id(gone), ulong.MaxValue, now);
        }

        var asked = false;
        for (var i = 0; i < 100 && !asked; i++)
        {
            synchronizer.HandleAhead(_table.Secrets[1].PeerId, 500, now);
            asked = synchronizer.Poll(1, static _ => 1, now) is { } peer && peer.Span.SequenceEqual(_table.Secrets[1].PeerId.Span);
            now += TimeSpan.FromSeconds(3);
        }

        Assert.True(asked);
    }

    private static byte[] Id(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static PeerSecrets Guest(int number, out byte[] publicKey)
    {
        var key = Ed25519PrivateKey.FromSeed([.. BitConverter.GetBytes(number), .. new byte[28]]);
        publicKey = TestTable.PublicOf(key);
        return PeerSecrets.Of(key, TestTable.Seed(200));
    }

    private ConsensusMessage Request(int number, ulong chips, TestNetwork network)
    {
        var guest = Guest(number, out var key);
        return new MessageGate(guest, _table.Genesis.GameId).Seal(guest.Request(_table.Genesis.GameId.Span, key, null, "guest", chips, new byte[16]), guest.PeerId, 1, network.Now.Clock);
    }

    private Vote VoteOf(int seat, uint round, VoteKind kind, byte[]? id) => new()
    {
        Epoch = 1,
        Height = 1,
        Round = round,
        Kind = kind,
        ValueId = id is null ? default(ReadOnlyMemory<byte>?) : id,
        VoteSignature = _table.Secrets[seat].Signatures.Sign(SignedText.OfVote(_table.Genesis.Seats!, 1, round, kind, id)),
    };

    private ConsensusMessage Sealed(int seat, ConsensusPayload payload, TestNetwork network) =>
        new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(payload, _table.Secrets[seat].PeerId, 1, network.Now.Clock);

    private static TableState Decide(TableState state, PeerSecrets by, TableOperation body)
    {
        var unsigned = new GameOperation { OperationId = new byte[16], Player = by.PeerId, Sequence = state.Snapshot.Sequences[state.Seats!.Find(by.PeerId.Span)!.Value].Last + 1, Body = EncodedOperation.Of(body), Signature = default };
        var operation = unsigned with { Signature = by.Signatures.Sign(PeerIds.OperationText(state.GameId.Span, unsigned)) };
        var value = Rules.Build(state, [operation], TestTable.Opened, static (_, fault) => Assert.Fail($"{fault}"));
        return Rules.Apply(state, value, out _)!;
    }

    /// <summary>A dealing of a polynomial that was chosen, not drawn.</summary>
    private static CoinDealing DealingOf(SeatSet seats, int dealer, BigInteger[] polynomial)
    {
        byte[] At(BigInteger factor, GroupPoint point) => s_group.Encode(s_group.Multiply(point, factor));
        return new CoinDealing
        {
            Commitments = [.. polynomial.Select(coefficient => (ReadOnlyMemory<byte>)At(coefficient, s_group.Generator))],
            EphemeralKey = At(7, s_group.Generator),
            MaskedShares = [.. seats.Seats.Select(seat =>
            {
                var share = CoinGroup.EncodeScalar(s_group.Reduce(polynomial.Reverse().Aggregate(BigInteger.Zero, (sum, coefficient) => (sum * (seat.Number + 1)) + coefficient)));
                var mask = SHA256.HashData([.. "BITCHAT1 share"u8, .. seats.Game.Span, 0, 0, 0, 0, 0, 0, 0, (byte)seats.Epoch, (byte)dealer, seat.Number, .. At(7, s_group.Decode(seat.DealKey.Span)!)]);
                return (ReadOnlyMemory<byte>)share.Zip(mask, (one, other) => (byte)(one ^ other)).ToArray();
            })],
        };
    }
}
