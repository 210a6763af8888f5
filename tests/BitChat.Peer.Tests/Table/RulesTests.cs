using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>Every reason to refuse an operation or a value, each met once, and what proves that a seat cheated.</summary>
public sealed class RulesTests
{
    private readonly TestTable _four = new(4);
    private readonly TestTable _two = new(2);

    [Fact]
    public void every_reason_to_refuse_an_operation_is_given_where_it_holds_and_not_before()
    {
        var open = _four.Genesis;
        var bet = Bet(10);
        var withBet = Decide(open, _four.Secrets[0], bet);
        var close = new GamePlay { Body = withBet.Game.Close!.Value };
        Assert.Equal(TableFault.None, FaultOf(open, _four.Secrets[0], bet));
        Assert.Equal(TableFault.Malformed, FaultOf(open, _four.Secrets[0], body: [0xFF, 0xFF]));
        Assert.Equal(TableFault.UnknownSeat, FaultOf(open, _two.Secrets[0] with { PeerId = new byte[32] }, bet, sequence: 1));
        Assert.Equal(TableFault.OldSequence, FaultOf(withBet, _four.Secrets[0], bet, sequence: 1));
        Assert.Equal(TableFault.BadSignature, FaultOf(open, _four.Secrets[1] with { PeerId = _four.Secrets[0].PeerId }, bet));
        Assert.Equal(TableFault.Game, FaultOf(open, _four.Secrets[0], Bet(5_000)));
        Assert.Equal(TableFault.NotLeader, FaultOf(withBet, _four.Secrets[1], close));
        Assert.Equal(TableFault.CoinNotReady, FaultOf(withBet, _four.Secrets[0], close));
        Assert.Equal(TableFault.Witness, FaultOf(new TestTable(4, witnesses: 1).Genesis, new TestTable(4, witnesses: 1).Secrets[3], bet));
        Assert.Equal(TableFault.WrongMoment, FaultOf(open, _four.Secrets[0], new RollOutcome { Roll = 0, Randomness = new byte[32], Reveals = [Reveal(0)] }));
        Assert.Equal(TableFault.WrongMoment, FaultOf(open, _four.Secrets[0], new RollAbort { Roll = 0, Reveals = [] }));
        Assert.Equal(TableFault.WrongMoment, FaultOf(open, _four.Secrets[0], new RandomnessCommit { Roll = 0, Seat = 0, Commitment = new byte[32] }));
        Assert.Equal(TableFault.BadRotation, FaultOf(open, _four.Secrets[0], new LeaderRotation { Term = 2, Leader = 1 }, after: 31));
        Assert.Equal(TableFault.BadRotation, FaultOf(open, _four.Secrets[0], new LeaderRotation { Term = 1, Leader = 2 }, after: 31));
        Assert.Equal(TableFault.TooSoon, FaultOf(open, _four.Secrets[0], new LeaderRotation { Term = 1, Leader = 1 }, after: 29));
        Assert.Equal(TableFault.None, FaultOf(open, _four.Secrets[0], new LeaderRotation { Term = 1, Leader = 1 }, after: 30));
        Assert.Equal(TableFault.UnknownSeat, FaultOf(open, _four.Secrets[0], new SeatExpulsion { Accused = new byte[32], Evidence = DoubleVote(open, 1, other: true) }));
    }

    [Fact]
    public void the_coin_is_made_of_good_dealings_and_verdicts_on_those_that_stand()
    {
        var state = _four.Genesis;
        CoinDealing Deal(int seat) => CoinDealings.Deal(P256Group.Instance, state.Seats!, seat, TestTable.Seed(seat));
        Assert.Equal(TableFault.WrongMoment, FaultOf(state, _four.Secrets[0], new CoinVerdict { Accepted = 0, Complaints = [] }));
        Assert.Equal(TableFault.BadDealing, FaultOf(state, _four.Secrets[0], Deal(0) with { EphemeralKey = new byte[33] }));
        Assert.Equal(TableFault.BadDealing, FaultOf(state, _four.Secrets[0], Deal(0) with { Commitments = [.. Deal(0).Commitments.Take(2)] }));
        for (var seat = 0; seat < 3; seat++)
        {
            state = Decide(state, _four.Secrets[seat], Deal(seat));
        }

        Assert.Equal(TableFault.BadDealing, FaultOf(state, _four.Secrets[0], Deal(0)));
        var good = new CoinVerdict { Accepted = 0b0111, Complaints = [] };
        Assert.Equal(TableFault.BadVerdict, FaultOf(state, _four.Secrets[0], good with { Accepted = 0b0011 }));
        var unjust = CoinDealings.Complain(P256Group.Instance, state.Seats!, 1, state.Snapshot.Coin.Dealings[1].Dealing, 0, _four.Secrets[0].DealSecret);
        Assert.Equal(TableFault.BadVerdict, FaultOf(state, _four.Secrets[0], new CoinVerdict { Accepted = 0b0101, Complaints = [unjust] }));
        state = Decide(state, _four.Secrets[0], good);
        Assert.Equal(TableFault.BadVerdict, FaultOf(state, _four.Secrets[0], good));
        Assert.Equal(TableFault.WrongMoment, FaultOf(state, _four.Secrets[3], Deal(3)));
        state = Decide(Decide(state, _four.Secrets[1], good), _four.Secrets[3], good);
        Assert.True(state.Snapshot.Coin.Ready);
    }

    [Fact]
    public void a_roll_below_four_seats_takes_the_parts_of_all_and_can_be_ended_by_who_waited()
    {
        var state = Decide(_two.Genesis, _two.Secrets[0], Bet(10));
        state = Decide(state, _two.Secrets[0], new GamePlay { Body = state.Game.Close!.Value });
        Assert.Equal(TableFault.WrongMoment, FaultOf(state, _two.Secrets[1], new SeatLeave()));
        Assert.Equal(TableFault.WrongRoll, FaultOf(state, _two.Secrets[1], Commit(state, 1) with { Roll = 7 }));
        Assert.Equal(TableFault.WrongMoment, FaultOf(state, _two.Secrets[1], Commit(state, 0)));
        Assert.Equal(TableFault.TooSoon, FaultOf(state, _two.Secrets[0], new RollAbort { Roll = 0, Reveals = [] }, after: 3));
        state = Decide(Decide(state, _two.Secrets[0], Commit(state, 0)), _two.Secrets[1], Commit(state, 1));
        var (first, second) = (Reveal(state, 0), Reveal(state, 1));
        var randomness = Rules.Outcome(state, [first, second])!;
        var good = new RollOutcome { Roll = 0, Randomness = randomness, Reveals = [first, second] };
        Assert.Equal(TableFault.WrongRoll, FaultOf(state, _two.Secrets[0], good with { Roll = 1 }));
        foreach (var bad in new[]
        {
            good with { Randomness = new byte[32] },
            good with { Reveals = [first] },
            good with { Reveals = [second, first] },
            good with { Reveals = [first, first] },
            good with { Reveals = [first, second with { Proof = new OpenedCommitment { Value = new byte[32], Nonce = new byte[32] } }] },
        })
        {
            Assert.Equal(TableFault.BadReveal, FaultOf(state, _two.Secrets[0], bad));
        }

        Assert.Equal(TableFault.None, FaultOf(state, _two.Secrets[0], good));

        // All parts are there: nobody is at fault, and nothing can be ended.
        Assert.Equal(TableFault.BadReveal, FaultOf(state, _two.Secrets[0], new RollAbort { Roll = 0, Reveals = [first, second] }, after: 60));
        var ended = Decide(state, _two.Secrets[0], new RollAbort { Roll = 0, Reveals = [first] }, after: 60);
        Assert.Equal(1UL, ended.Game.Roll);
    }

    [Fact]
    public void chips_that_appear_are_refused_whatever_the_game_says()
    {
        var table = new TestTable(2, new GameKind("mint", static (players, bank) => new Mint(CoinTossTable.Kind.Open(players, bank)), static _ => null));
        Assert.Equal(TableFault.NotConserved, FaultOf(table.Genesis, table.Secrets[0], Bet(1)));
    }

    [Fact]
    public void a_value_follows_from_the_state_before_and_nothing_comes_after_a_change_of_seats()
    {
        var state = _four.Genesis;
        var at = TestTable.Opened.AddSeconds(1);
        var bet = Operation(state, _four.Secrets[0], EncodedOperation.Of<TableOperation>(Bet(1)), 1);
        var value = Rules.Build(state, [bet], at, static (_, fault) => Assert.Fail($"{fault}"));
        TableFault Of(ProposedValue proposed, TableState? before = null)
        {
            Assert.Equal(Rules.Apply(before ?? state, proposed, out var fault) is null, fault != TableFault.None);
            return fault;
        }

        Assert.Equal(TableFault.None, Of(value));
        Assert.Equal(TableFault.WrongState, Of(value with { Height = 2 }));
        Assert.Equal(TableFault.WrongState, Of(value with { PreviousStateRoot = new byte[32] }));
        Assert.Equal(TableFault.WrongState, Of(value with { StateRoot = new byte[32] }));
        Assert.Equal(TableFault.WrongState, Of(value with { ProposedAt = TestTable.Opened.AddTicks(-10) }));
        var leave = Operation(state, _four.Secrets[1], EncodedOperation.Of<TableOperation>(new SeatLeave()), 1);
        Assert.Equal(TableFault.NotLast, Of(value with { Operations = [leave, bet] }));
        Assert.Equal(TableFault.TooLarge, Of(value with { Operations = [.. Enumerable.Range(1, TableRules.MaxOperations + 1).Select(number => bet with { Sequence = (ulong)number })] }));
        Assert.Equal(TableFault.TooLarge, Of(value with { Operations = [.. Enumerable.Range(1, 13).Select(number => bet with { Sequence = (ulong)number, Body = new byte[4_096] })] }));
        var closed = Decide(_two.Genesis, _two.Secrets[0], new SeatLeave());
        Assert.True(closed.Snapshot.Closed);
        Assert.Equal(TableFault.Closed, Of(value with { Height = 2, PreviousStateRoot = closed.Root }, closed));
    }

    [Fact]
    public void two_votes_expel_and_who_was_expelled_does_not_come_back()
    {
        var state = _four.Genesis;
        foreach (var evidence in new Evidence[]
        {
            DoubleVote(state, 1, other: false),
            DoubleVote(state, 1, other: true) is var twice ? twice with { First = twice.First with { Round = 9 } } : throw new InvalidOperationException(),
            DoubleVote(state, 2, other: true),
            new BadOperation { Operation = Operation(state, _four.Secrets[1], EncodedOperation.Of<TableOperation>(Bet(1)), 1) },
            new StatisticalEvidence { Statistic = 9, PValue = 0, Samples = 1, FirstHeight = 1, LastHeight = 1 },
        })
        {
            Assert.Equal(TableFault.BadEvidence, FaultOf(state, _four.Secrets[0], new SeatExpulsion { Accused = _four.Secrets[1].PeerId, Evidence = evidence }));
        }

        Assert.True(Rules.IsProof(state, 1, new BadOperation { Operation = Operation(state, _four.Secrets[1], [0xFF], 1) }));
        state = Decide(state, _four.Secrets[0], new SeatExpulsion { Accused = _four.Secrets[1].PeerId, Evidence = DoubleVote(state, 1, other: true) });
        Assert.Equal(3, state.Snapshot.Seats.Count);
        Assert.Empty(state.Snapshot.PaidOut.ToArray());
        var again = new SeatAdmission { Request = _four.Secrets[1].Request(state.GameId.Span, TestTable.PublicOf(_four.Keys[1]), null, "again", 50, new byte[16]) };
        Assert.Equal(TableFault.Excluded, FaultOf(state, _four.Secrets[0], again));
        Assert.Equal(TableFault.BadAdmission, FaultOf(state, _four.Secrets[0], again with { Request = again.Request with { Player = new byte[32] } }));
    }

    [Fact]
    public void a_broken_lock_expels_and_a_lock_that_was_left_for_a_proof_does_not()
    {
        var state = _four.Genesis;
        Vote Of(VoteKind kind, uint round, byte value, uint? proof = null, int signer = 1)
        {
            ReadOnlyMemory<byte>? id = value == 0 ? null : Enumerable.Repeat(value, 32).ToArray();
            return new Vote { Epoch = 1, Height = 1, Round = round, Kind = kind, ValueId = id, ProofOfLockRound = proof, VoteSignature = _four.Secrets[signer].Signatures.Sign(SignedText.OfVote(state.Seats!, 1, round, kind, id is { } some ? some.Span : default, proof)) };
        }

        var precommit = Of(VoteKind.Precommit, 2, 1);
        foreach (var (one, other) in new[]
        {
            (precommit, Of(VoteKind.Prevote, 3, 2, 2)),
            (precommit, Of(VoteKind.Prevote, 4, 2, 3)),
            (precommit, Of(VoteKind.Prevote, 3, 1)),
            (precommit, Of(VoteKind.Prevote, 3, 0)),
            (precommit, Of(VoteKind.Prevote, 2, 2)),
            (precommit, Of(VoteKind.Prevote, 1, 2)),
            (precommit, Of(VoteKind.Precommit, 3, 2)),
            (Of(VoteKind.Precommit, 2, 0), Of(VoteKind.Prevote, 3, 2)),
            (Of(VoteKind.Prevote, 2, 1), Of(VoteKind.Prevote, 3, 2)),
            (precommit, Of(VoteKind.Prevote, 3, 2, signer: 2)),
            (precommit, Of(VoteKind.Prevote, 4, 2, 3) with { ProofOfLockRound = null }),
            (precommit with { Epoch = 2 }, Of(VoteKind.Prevote, 3, 2) with { Epoch = 2 }),
            (precommit, Of(VoteKind.Prevote, 3, 2) with { Height = 2 }),
        })
        {
            Assert.False(Rules.IsProof(state, 1, new BrokenLock { Precommit = one, Prevote = other }), $"{one} and {other}");
        }

        foreach (var proof in new uint?[] { null, 0, 1 })
        {
            var evidence = new BrokenLock { Precommit = precommit, Prevote = Of(VoteKind.Prevote, 3, 2, proof) };
            Assert.False(Rules.IsProof(state, 2, evidence));
            var after = Decide(state, _four.Secrets[0], new SeatExpulsion { Accused = _four.Secrets[1].PeerId, Evidence = evidence });
            Assert.Equal(3, after.Snapshot.Seats.Count);
        }
    }

    [Fact]
    public void a_commitment_of_an_earlier_epoch_frames_nobody_in_a_later_one()
    {
        var table = new TestTable(3);
        var state = Decide(table.Genesis, table.Secrets[0], Bet(10));
        state = Decide(state, table.Secrets[0], new GamePlay { Body = state.Game.Close!.Value });
        var honest = Evidence(state, table, Commitments.Make(state.Seats!, 1, 0, table.Secrets[1].Seed.Span));
        var cheat = Evidence(state, table, new OpenedCommitment { Value = new byte[32], Nonce = new byte[32] });
        Assert.False(Rules.IsProof(state, 1, honest));
        Assert.True(Rules.IsProof(state, 1, cheat));

        // The table goes on with another set of seats, in which the seat has the same number.
        var ended = Decide(state, table.Secrets[0], new RollAbort { Roll = 0, Reveals = [] }, after: 60);
        var later = Decide(ended, table.Secrets[2], new SeatLeave(), after: 61);
        Assert.Equal((2UL, 1), (later.Snapshot.Epoch, later.Seats!.Find(table.Secrets[1].PeerId.Span)));
        Assert.False(Rules.IsProof(later, 1, honest));
        Assert.True(Rules.IsProof(later, 1, cheat));
        Assert.False(Rules.IsProof(later, 0, cheat));
    }

    /// <summary>A seat's commitment to its part of roll 0, and what it told as that part.</summary>
    private static BadReveal Evidence(TableState state, TestTable table, OpenedCommitment told)
    {
        var commit = new RandomnessCommit { Roll = 0, Seat = 1, Commitment = Commitments.Commit(state.Seats!, 1, 0, Commitments.Make(state.Seats!, 1, 0, table.Secrets[1].Seed.Span)) };
        var reveal = new SignedContent { Sender = table.Secrets[1].PeerId, GameId = state.GameId, Round = 1, Timestamp = TestTable.Opened, Payload = new RandomnessReveal { Roll = 0, Seat = 1, Proof = told } };
        return new BadReveal
        {
            Commit = Operation(state, table.Secrets[1], EncodedOperation.Of<TableOperation>(commit), 1),
            Reveal = reveal,
            RevealSignature = table.Secrets[1].Signatures.Sign(PeerIds.EnvelopeText(PeerIds.MessageId(reveal))),
        };
    }

    private static TableRules Rules { get; } = new(new Ed25519Verifier(), P256Group.Instance, new ProofCache());

    private static TableOperation Bet(ulong amount) => new GamePlay { Body = EncodedOperation.Of<CrapsOperation>(new PlaceBet { Bet = CrapsBet.Field, Amount = amount, Point = null }) };

    private static RandomnessReveal Reveal(int seat) => new() { Roll = 0, Seat = (byte)seat, Proof = new OpenedCommitment { Value = new byte[32], Nonce = new byte[32] } };

    private RandomnessReveal Reveal(TableState state, int seat) => new() { Roll = 0, Seat = (byte)seat, Proof = Commitments.Make(state.Seats!, seat, 0, _two.Secrets[seat].Seed.Span) };

    private RandomnessCommit Commit(TableState state, int seat) =>
        new() { Roll = 0, Seat = (byte)seat, Commitment = Commitments.Commit(state.Seats!, seat, 0, Commitments.Make(state.Seats!, seat, 0, _two.Secrets[seat].Seed.Span)) };

    /// <summary>Two prevotes of seat 1 in one round: for two values, or for one.</summary>
    private DoubleVote DoubleVote(TableState state, int signer, bool other)
    {
        Vote Of(byte value)
        {
            var id = Enumerable.Repeat(value, 32).ToArray();
            return new Vote { Epoch = 1, Height = 1, Round = 0, Kind = VoteKind.Prevote, ValueId = id, VoteSignature = _four.Secrets[signer].Signatures.Sign(SignedText.OfVote(state.Seats!, 1, 0, VoteKind.Prevote, id)) };
        }

        return new DoubleVote { First = Of(1), Second = Of(other ? (byte)2 : (byte)1) };
    }

    private static GameOperation Operation(TableState state, PeerSecrets by, byte[] body, ulong sequence)
    {
        var unsigned = new GameOperation { OperationId = (byte[])[.. BitConverter.GetBytes(sequence), .. by.PeerId.Span[..8]], Player = by.PeerId, Sequence = sequence, Body = body, Signature = default };
        return unsigned with { Signature = by.Signatures.Sign(PeerIds.OperationText(state.GameId.Span, unsigned)) };
    }

    private static ulong Next(TableState state, PeerSecrets by) => state.Snapshot.Sequences[state.Seats!.Find(by.PeerId.Span)!.Value].Last + 1;

    private static TableState Decide(TableState state, PeerSecrets by, TableOperation body, int after = 2)
    {
        var value = Rules.Build(state, [Operation(state, by, EncodedOperation.Of(body), Next(state, by))], TestTable.Opened.AddSeconds(after), static (_, fault) => Assert.Fail($"{fault}"));
        return Rules.Apply(state, value, out _)!;
    }

    private static TableFault FaultOf(TableState state, PeerSecrets by, TableOperation body, ulong? sequence = null, int after = 2) =>
        FaultOf(state, by, EncodedOperation.Of(body), sequence, after);

    private static TableFault FaultOf(TableState state, PeerSecrets by, byte[] body, ulong? sequence = null, int after = 2)
    {
        var refused = TableFault.None;
        Rules.Build(state, [Operation(state, by, body, sequence ?? Next(state, by))], TestTable.Opened.AddSeconds(after), (_, fault) => refused = fault);
        return refused;
    }

    /// <summary>A game that gives whoever plays a chip from nowhere.</summary>
    private sealed class Mint(IGame game, ulong minted = 0) : IGame
    {
        public ulong Roll => game.Roll;

        public bool AwaitsRoll => game.AwaitsRoll;

        public UInt128 TotalChips => game.TotalChips + minted;

        public ReadOnlyMemory<byte>? Close => game.Close;

        public IReadOnlyList<PlayerChips> Players => game.Players;

        public GameStep Play(ReadOnlyMemory<byte> player, ReadOnlyMemory<byte> operation, ReadOnlySpan<byte> body) => new(new Mint(game, minted + 1));

        public GameStep Settle(ReadOnlySpan<byte> randomness) => game.Settle(randomness);

        public GameStep Abort(IReadOnlyCollection<ReadOnlyMemory<byte>> atFault) => game.Abort(atFault);

        public GameStep Sit(ReadOnlyMemory<byte> player, ulong chips) => game.Sit(player, chips);

        public GameStep Leave(ReadOnlyMemory<byte> player, bool forfeits) => game.Leave(player, forfeits);

        public byte[] ToBytes() => game.ToBytes();
    }
}
