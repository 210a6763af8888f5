using System.Buffers;
using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>What a file, a clock or the order of operations can say that the rules of a table must not believe.</summary>
public sealed class RulesForgeryTests
{
    private readonly TestTable _table = new(4);

    public static TheoryData<string> Lies { get; } =
    [
        "a player twice", "a bet without its number", "a bet of nobody", "no such bet", "a bank that cannot pay", "a bet twice", "a point that is none",
        "more chips than were brought", "a leader beyond the seats", "a dealing that is none", "an epoch near the end", "operations that nobody decided", "a roll that nobody closed",
    ];

    [Theory]
    [MemberData(nameof(Lies))]
    public void a_transcript_begins_with_a_table_that_somebody_could_have_opened(string lie)
    {
        var genesis = _table.Genesis.Encoded;
        var game = EncodedOperation.Parse<CrapsState>(genesis.Game.Span)!;
        var bet = new CrapsWagerState { Operation = new byte[16], Player = game.Players[0].Player, Bet = CrapsBet.Field, Stake = 1, Point = null };
        TableSnapshot Of(CrapsState other) => genesis with { Game = EncodedOperation.Of(other), BroughtIn = (ulong)other.Players.Aggregate((UInt128)other.Bank, (sum, player) => sum + player.Chips) + (ulong)other.Bets.Count };
        var state = lie switch
        {
            "a player twice" => Of(game with { Players = [game.Players[0], game.Players[0] with { Chips = 7 }] }),
            "a bet without its number" => Of(game with { Bets = [bet with { Bet = CrapsBet.HardWay }] }),
            "a bet of nobody" => Of(game with { Bets = [bet with { Player = new byte[32] }] }),
            "no such bet" => Of(game with { Bets = [bet with { Bet = (CrapsBet)77 }] }),
            "a bank that cannot pay" => Of(game with { Bank = 0, Bets = [bet] }),
            "a bet twice" => Of(game with { Bets = [bet, bet] }),
            "a point that is none" => Of(game with { Point = 200 }),
            "more chips than were brought" => genesis with { BroughtIn = 3 },
            "a leader beyond the seats" => genesis with { Leader = 7 },
            "a dealing that is none" => genesis with { Coin = genesis.Coin with { Dealings = [new SeatDealing { Seat = 7, Dealing = new CoinDealing { Commitments = [new byte[33]], EphemeralKey = new byte[33], MaskedShares = [new byte[32]] } }] } },
            "an epoch near the end" => genesis with { Epoch = ulong.MaxValue },
            "operations that nobody decided" => genesis with { OperationIndex = ulong.MaxValue },
            _ => Of(game with { Final = true, Roll = ulong.MaxValue }),
        };
        var bytes = new ArrayBufferWriter<byte>();
        _ = new TranscriptWriter(bytes, _table.Genesis);
        Assert.Equal("it has no end", TranscriptVerifier.Create().Verify(bytes.WrittenSpan).Fault);
        var record = EncodedOperation.Of<TranscriptRecord>(new TranscriptStart { GameId = _table.Genesis.GameId, State = state });
        var report = TranscriptVerifier.Create().Verify([.. "BITCHAT1"u8, .. (byte[])[0, 0, (byte)(record.Length >> 8), (byte)record.Length], .. record]);
        Assert.Equal("the first state is none", report.Fault);
    }

    [Fact]
    public void a_toss_that_no_bank_can_pay_is_no_table()
    {
        var genesis = new TestTable(4, CoinTossTable.Kind).Genesis;
        var game = EncodedOperation.Parse<TossState>(genesis.Encoded.Game.Span)!;
        var stake = new TossStake { Player = game.Players[0].Player, Heads = true, Stake = 5 };
        Assert.NotNull(CoinTossTable.Kind.Parse(EncodedOperation.Of(game with { Stakes = [stake] })));
        foreach (var lie in new[]
        {
            game with { Stakes = [stake], Bank = 4 },
            game with { Stakes = [stake, stake] },
            game with { Stakes = [stake with { Player = new byte[32] }] },
            game with { Bank = ulong.MaxValue },
            game with { Players = [game.Players[0], game.Players[0]] },
        })
        {
            Assert.Null(CoinTossTable.Kind.Parse(EncodedOperation.Of(lie)));
        }
    }

    [Fact]
    public void a_transcript_names_who_ended_betting_and_not_who_leads_when_the_roll_comes()
    {
        var network = new TestNetwork(_table);
        network.Filter = (_, message) => message.Payload is ConsensusPayload.RandomnessRevealArm && network.Peers[0].State.Snapshot.Term == 0 ? null : message;
        TableTests.Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Game.Roll == 1)));
        Assert.Equal(1UL, network.Peers[0].State.Snapshot.Term);
        var report = TranscriptVerifier.Create().Verify(TableTests.Transcript(_table, network));
        Assert.True(Assert.Single(report.Rolls).Leader.Span.SequenceEqual(_table.Secrets[0].PeerId.Span));
    }

    [Fact]
    public void a_clock_that_is_ahead_ends_no_roll_that_has_only_begun()
    {
        // Seat 0 is a little slow, and seat 2, which proposes, keeps its part back: it could see the outcome and have another one.
        var state = Ready(_table.Genesis, Dealings());
        state = Decide(state, 1, Bet);
        state = Decide(state, 0, new GamePlay { Body = state.Game.Close!.Value });
        Assert.Equal(2, state.Seats!.Proposer(state.Height + 1, 0));
        var votes = new List<Vote>();
        var network = Watched(state, 2, votes, static (peer, message) => peer == 0 && message.Payload is ConsensusPayload.RandomnessRevealArm);
        network.RunUntil(() => network.Peers[1].Reveals.Count == 2 && network.Peers[3].Reveals.Count == 2, 1);
        var abort = Operation(state, 2, new RollAbort { Roll = 0, Reveals = [.. network.Peers[1].Reveals] }, 100);
        var value = Propose(network, state, 2, [abort], TestTable.Opened + TableRules.RollPatience);
        network.RunUntil(() => votes.Count >= 3, 1);
        Assert.DoesNotContain(votes, vote => vote.ValueId is { } id && id.Span.SequenceEqual(SeatSet.IdOf(value)));
        network.Filter = static (_, message) => message;
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.Roll == 1));
        Assert.Contains(network.Peers[1].Log.Decided.SelectMany(decided => decided.Value.Operations), static operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.RollArm);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void bets_are_not_final_while_a_seat_shows_that_it_was_dealt_nothing(bool complainsItself)
    {
        // Seat 0 leads, dealt badly to seat 1 and proposes next: without the part of seat 1 it alone could complete the roll, or not.
        var dealings = Dealings();
        dealings[0] = dealings[0] with { MaskedShares = [.. dealings[0].MaskedShares.Select((share, seat) => seat == (complainsItself ? 0 : 1) ? new byte[32] : share)] };
        var state = _table.Genesis;
        for (var seat = 0; seat < 4; seat++)
        {
            state = Decide(state, seat, dealings[seat]);
        }

        for (var bets = 0; bets < 3; bets++)
        {
            state = Decide(state, 2, Bet);
        }

        Assert.Equal(0, state.Seats!.Proposer(state.Height + 1, 0));
        var votes = new List<Vote>();
        var verdicts = new Dictionary<int, GameOperation>();
        var network = Watched(state, 0, votes, (peer, message) =>
        {
            if (message.Payload is ConsensusPayload.OperationArm { Value: var operation } && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.VerdictArm)
            {
                verdicts.TryAdd(peer, operation);
            }

            return false;
        });
        var last = state.Snapshot.Sequences[0].Last;
        var close = Operation(state, 0, new GamePlay { Body = state.Game.Close!.Value }, last + 2);
        if (complainsItself)
        {
            // What ends betting comes before what forbids it: no proposer may be led to what nobody accepts.
            var own = CoinDealings.Complain(P256Group.Instance, state.Seats, 0, dealings[0], 0, _table.Secrets[0].DealSecret);
            foreach (var operation in new[] { close, Operation(state, 0, new CoinVerdict { Accepted = 0b1110, Complaints = [own] }, last + 3) })
            {
                for (var peer = 1; peer < 4; peer++)
                {
                    network.Deliver(peer, Sealed(0, operation, network));
                }
            }
        }

        network.RunUntil(() => network.Now.Elapsed > TimeSpan.FromMilliseconds(250), 1);
        var value = Propose(network, state, 0, [verdicts[2], verdicts[3], complainsItself ? verdicts[1] : Operation(state, 0, new CoinVerdict { Accepted = 0b1111, Complaints = [] }, last + 1), close], TestTable.Opened.AddSeconds(1));
        network.RunUntil(() => votes.Count >= 3, 1);
        Assert.DoesNotContain(votes, vote => vote.ValueId is { } id && id.Span.SequenceEqual(SeatSet.IdOf(value)));
        Assert.True(network.RunUntil(() => network.Peers[2].State.Snapshot.Coin is { Ready: true, Banned: 1 }));
    }

    [Fact]
    public void a_complaint_that_cannot_be_decided_keeps_no_bets_from_being_final()
    {
        var dealings = Dealings();
        dealings[3] = dealings[3] with { MaskedShares = [.. dealings[3].MaskedShares.Select((share, seat) => seat == 3 ? new byte[32] : share)] };
        var state = Decide(Ready(_table.Genesis, dealings), 1, Bet);
        var network = Watched(state, 3, [], static (_, _) => false);
        var own = CoinDealings.Complain(P256Group.Instance, state.Seats!, 3, dealings[3], 3, _table.Secrets[3].DealSecret);
        for (var peer = 0; peer < 3; peer++)
        {
            network.Deliver(peer, Sealed(3, Operation(state, 3, new CoinVerdict { Accepted = 0b1111, Complaints = [own] }, 9), network));
        }

        network.Do(0, peer => peer.Play(state.Game.Close!.Value, network.Now));
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.Roll == 1, 20));
    }

    [Fact]
    public void no_value_ends_a_roll_and_makes_the_next_bets_final()
    {
        var state = Ready(_table.Genesis, Dealings());
        for (var bets = 0; bets < 3; bets++)
        {
            state = Decide(state, 1, Bet);
        }

        state = Decide(state, 0, new GamePlay { Body = state.Game.Close!.Value });
        Assert.Equal(0, state.Seats!.Proposer(state.Height + 1, 0));
        var votes = new List<Vote>();
        var network = Watched(state, 0, votes, static (peer, message) => peer == 1 && message.Payload is not ConsensusPayload.HeartbeatArm);
        network.RunUntil(() => network.Now.Elapsed > TableRules.RollPatience / 2 + TimeSpan.FromSeconds(1), 60);
        var last = state.Snapshot.Sequences[0].Last;
        GameOperation[] operations =
        [
            Operation(state, 0, new RollAbort { Roll = 0, Reveals = [.. network.Peers[2].Reveals] }, last + 1),
            Operation(state, 0, Bet, last + 2),
            Operation(state, 0, new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new CloseBets { Roll = 1 }) }, last + 3),
        ];
        var value = Propose(network, state, 0, operations, TestTable.Opened + TableRules.RollPatience);
        network.RunUntil(() => votes.Count >= 2, 2);
        Assert.NotEmpty(votes);
        Assert.DoesNotContain(votes, vote => vote.ValueId is { } id && id.Span.SequenceEqual(SeatSet.IdOf(value)));
    }

    [Fact]
    public void who_sends_an_outcome_with_the_next_bets_and_their_end_stops_nobody()
    {
        var state = Ready(_table.Genesis, Dealings());
        for (var bets = 0; bets < 3; bets++)
        {
            state = Decide(state, 1, Bet);
        }

        state = Decide(state, 0, new GamePlay { Body = state.Game.Close!.Value });
        Assert.Equal(0, state.Seats!.Proposer(state.Height + 1, 0));
        var network = Watched(state, 0, [], static (_, _) => false);
        Assert.True(network.RunUntil(() => network.Peers.Skip(1).All(peer => peer.Reveals.Count == 3)));
        RandomnessReveal[] parts = [.. network.Peers[1].Reveals];
        var last = state.Snapshot.Sequences[0].Last;
        foreach (var operation in new[]
        {
            Operation(state, 0, new RollOutcome { Roll = 0, Randomness = Rules.Outcome(state, parts)!, Reveals = [.. parts] }, last + 1),
            Operation(state, 0, Bet, last + 2),
            Operation(state, 0, new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new CloseBets { Roll = 1 }) }, last + 3),
        })
        {
            for (var peer = 1; peer < 4; peer++)
            {
                network.Deliver(peer, Sealed(0, operation, network));
            }
        }

        Assert.Equal(state.Height, network.Peers[1].State.Height);
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.Roll == 1));
    }

    [Fact]
    public void the_clock_of_the_only_seat_that_is_heard_is_not_that_of_the_table()
    {
        var isHealed = false;
        var network = new TestNetwork(_table, TablePeerOptions.Relayed, filter: (peer, message) =>
            isHealed ? (peer == 3 ? null : message) : peer == 3 || !MessageGate.IsSelfSigned(message.Payload) ? null : message);
        var far = new MessageGate(_table.Secrets[3], _table.Genesis.GameId).Seal(new LeaderAccept { Term = 9, Leader = _table.Secrets[3].PeerId }, _table.Secrets[3].PeerId, 1, TestTable.Opened.AddYears(10));
        for (var peer = 0; peer < 3; peer++)
        {
            network.Deliver(peer, far);
        }

        network.RunUntil(() => network.Decided.Count > 0, 20);
        isHealed = true;
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        Assert.InRange(network.Peers[0].State.Snapshot.DecidedAt, TestTable.Opened, network.Now.Clock);
    }

    [Fact]
    public void clocks_that_were_put_back_stop_no_table()
    {
        var value = Rules.Build(_table.Genesis, [], TestTable.Opened.AddHours(9), static (_, fault) => Assert.Fail($"{fault}"));
        var ahead = Rules.Apply(_table.Genesis, value, out _)!;
        var network = Watched(ahead, 3, [], static (_, _) => false);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        TableTests.Bet(network, 0);
        Assert.True(network.RunUntil(() => network.Peers[1].State.Game.Roll > 0));
        Assert.Equal(value.ProposedAt, network.Peers[0].State.Snapshot.DecidedAt);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public void a_seat_whose_clock_was_wrong_for_a_while_is_needed_and_heard_again(int hours)
    {
        var network = new TestNetwork(_table, TablePeerOptions.Relayed);
        Assert.True(network.RunUntil(() => network.Peers.All(peer => peer.State.Snapshot.Coin.Ready)));
        network.Skew = peer => peer == 3 ? TimeSpan.FromHours(hours) : default;
        TableTests.Bet(network, 0);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Game.Roll == 1));
        network.RunUntil(static () => false, 60);
        network.Skew = static _ => default;
        network.Silent = 2;
        TableTests.Bet(network, 1);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Game.Roll == 2));
        Assert.True(network.RunUntil(() => network.Peers[3].State.Game.Roll == 2));
    }

    private static TableRules Rules => new(new Ed25519Verifier(), P256Group.Instance, new ProofCache());

    private static TableOperation Bet => new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = 1 }) };

    private List<CoinDealing> Dealings() => [.. Enumerable.Range(0, 4).Select(seat => CoinDealings.Deal(P256Group.Instance, _table.Genesis.Seats!, seat, _table.Secrets[seat].Seed.Span))];

    private TableState Ready(TableState state, List<CoinDealing> dealings)
    {
        for (var seat = 0; seat < 4; seat++)
        {
            state = Decide(state, seat, dealings[seat]);
        }

        for (var seat = 0; seat < 3; seat++)
        {
            state = Decide(state, seat, new CoinVerdict { Accepted = 0b1111, Complaints = [] });
        }

        return state;
    }

    /// <summary>Peers that go on from a state, of which one says only what the test says; with the prevotes of the others.</summary>
    private TestNetwork Watched(TableState state, int liar, List<Vote> votes, Func<int, ConsensusMessage, bool> drops) => new(new TestTable(4) { Genesis = state }, TablePeerOptions.Relayed, filter: (peer, message) =>
    {
        if (peer == liar || drops(peer, message))
        {
            return null;
        }

        if (message.Payload is ConsensusPayload.VoteArm { Value: { Kind: VoteKind.Prevote } vote } && message.Sender.Span.SequenceEqual(_table.Secrets[peer].PeerId.Span))
        {
            votes.Add(vote);
        }

        return message;
    });

    private ProposedValue Propose(TestNetwork network, TableState state, int by, GameOperation[] operations, DateTimeOffset at)
    {
        var value = Rules.Build(state, operations, at, static (_, fault) => Assert.Fail($"{fault}"));
        Assert.NotNull(Rules.Apply(state, value, out _));
        var text = SignedText.OfProposal(state.Seats!, value.Height, 0, null, SeatSet.IdOf(value));
        var proposal = new Proposal { Epoch = state.Snapshot.Epoch, Height = value.Height, Round = 0, ProofOfLockRound = null, Value = value, ProposerSignature = _table.Secrets[by].Signatures.Sign(text) };
        for (var peer = 0; peer < 4; peer++)
        {
            if (peer != by)
            {
                network.Deliver(peer, Sealed(by, proposal, network));
            }
        }

        return value;
    }

    private ConsensusMessage Sealed(int seat, ConsensusPayload payload, TestNetwork network) =>
        new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(payload, _table.Secrets[seat].PeerId, 1, network.Now.Clock);

    private GameOperation Operation(TableState state, int by, TableOperation body, ulong sequence)
    {
        var unsigned = new GameOperation { OperationId = (byte[])[.. BitConverter.GetBytes(sequence), .. new byte[8]], Player = _table.Secrets[by].PeerId, Sequence = sequence, Body = EncodedOperation.Of(body), Signature = default };
        return unsigned with { Signature = _table.Secrets[by].Signatures.Sign(PeerIds.OperationText(state.GameId.Span, unsigned)) };
    }

    private TableState Decide(TableState state, int by, TableOperation body)
    {
        var value = Rules.Build(state, [Operation(state, by, body, state.Snapshot.Sequences[by].Last + 1)], TestTable.Opened, static (_, fault) => Assert.Fail($"{fault}"));
        return Rules.Apply(state, value, out _)!;
    }
}
