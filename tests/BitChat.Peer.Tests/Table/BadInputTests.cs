using BitChat.Messages;

namespace BitChat.Peer.Tests.Table;

/// <summary>
/// Every kind of message, made bad in every way, into a table that plays: each gets a typed answer that is counted, none throws,
/// none makes a peer keep more than its bounds, and the table plays on.
/// </summary>
public sealed class BadInputTests(ITestOutputHelper output)
{
    private readonly TestTable _table = new(4);

    [Fact]
    public void every_kind_of_message_is_refused_with_a_reason_when_it_is_bad()
    {
        var network = new TestNetwork(_table);
        var samples = Samples(network);
        Assert.Equal(19, samples.Count);
        var victim = network.Peers[0];
        var reasons = new SortedDictionary<PeerInput, int>();
        var felt = new HashSet<PeerInput>();
        foreach (var (tag, sample) in samples)
        {
            foreach (var (name, bad, expected) in Bad(sample, network))
            {
                var (before, trust) = (Counted(victim), Trust(victim, network.Now));
                var input = Deliver(network, bad);
                Assert.True(expected is null || expected == input, $"payload {tag}, {name}: {input}");
                Assert.Equal(before + 1, Counted(victim));
                reasons[input] = reasons.GetValueOrDefault(input) + 1;

                // Nobody is trusted less than not at all.
                var lost = trust - Trust(victim, network.Now);
                var isFelt = AntiCheatValidator.PenaltyOf(input) > 0;
                Assert.True(isFelt ? lost > 0 || Ids.Any(id => victim.AntiCheat.TrustIn(id.Span, network.Now.Elapsed) <= 0) : lost == 0, $"payload {tag}, {name}: {input} cost {lost}");
                felt.UnionWith(lost > 0 ? [input] : []);
            }
        }

        Assert.Superset(new HashSet<PeerInput> { PeerInput.ForeignGame, PeerInput.BadSignature, PeerInput.Malformed, PeerInput.TooLarge, PeerInput.BadEvidence }, felt);

        // Nobody loses trust by what others write its name on.
        Assert.Equal(1, victim.AntiCheat.TrustIn(_table.Secrets[3].PeerId.Span, network.Now.Elapsed));
        Assert.True(victim.AntiCheat.Evidence.Count <= AntiCheatValidator.MaxEvidence);
        TableTests.Rolls(network, victim.State.Game.Roll + 1);
        output.WriteLine(string.Join(Environment.NewLine, reasons.Select(reason => $"{reason.Key}: {reason.Value}")));
    }

    [Fact]
    public void every_reason_is_counted_and_what_no_honest_peer_does_costs_trust_for_a_while()
    {
        foreach (var input in Enum.GetValues<PeerInput>())
        {
            var antiCheat = new AntiCheatValidator();
            antiCheat.HandleInput(Stranger, input, TimeSpan.Zero);
            Assert.Equal(1, antiCheat.InputsOf(Stranger)[input]);
            var lost = 1 - antiCheat.TrustIn(Stranger, TimeSpan.Zero);
            Assert.InRange(lost, 0, 1);
            Assert.Equal(lost / 2, 1 - antiCheat.TrustIn(Stranger, TrustScore.HalfLife), 6);
            Assert.Equal(
                input is not (PeerInput.Taken or PeerInput.Duplicate or PeerInput.UnknownSeat or PeerInput.OldEpoch or PeerInput.FutureEpoch or PeerInput.PastHeight or PeerInput.FutureHeight
                    or PeerInput.RoundOutOfReach or PeerInput.RoundAhead or PeerInput.NotNow or PeerInput.UnknownKind),
                lost > 0);
        }
    }

    [Fact]
    public void changed_bytes_and_floods_stop_nobody()
    {
        var network = new TestNetwork(_table);
        var samples = Samples(network).Values.Select(sample => EncodedOperation.Of(sample)).ToArray();
        var random = new Random(1);
        var decoded = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = samples[random.Next(samples.Length)].ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (EncodedOperation.Parse<ConsensusMessage>(bytes) is { } message)
            {
                decoded++;
                network.Peers[0].HandleMessage(message, network.Now);
                if (i % 100 == 0)
                {
                    network.Do(0, static _ => { });
                }
            }
        }

        network.Do(0, static _ => { });
        Assert.True(decoded > 2_000, $"{decoded} decoded");
        Assert.True(network.Peers[0].Log.Decided.Count <= TableLog.MaxDecided);

        // One seat signs more operations than anybody keeps, for a height that does not come.
        var refused = 0;
        for (ulong sequence = 1_000; sequence < 2_000; sequence++)
        {
            refused += Deliver(network, Seal(1, Operation(1, sequence, new GamePlay { Body = new byte[8] }))) == PeerInput.TooMany ? 1 : 0;
        }

        Assert.True(refused > 900, $"{refused} refused");
        TableTests.Rolls(network, network.Peers[0].State.Game.Roll + 1);
        output.WriteLine($"{decoded} of 20,000 decoded");
    }

    [Fact]
    public void small_messages_buy_one_long_answer_at_a_time()
    {
        var network = new TestNetwork(_table);
        TableTests.Rolls(network, 1);
        var victim = network.Peers[0];
        int Answers(IEnumerable<ConsensusMessage> messages)
        {
            var answers = 0;
            foreach (var message in messages)
            {
                victim.HandleMessage(message, network.Now);
                while (victim.PollEffect() is { } effect)
                {
                    answers += effect is PeerEffect.Send { Message.Payload: ConsensusPayload.StateSyncArm } ? 1 : 0;
                }
            }

            return answers;
        }

        // A seat that says that it is at the first height, and one without a seat that asks for all.
        var have = new Have { Epoch = 1, Height = 1, Number = 0, Rounds = [], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
        var request = new StateSynchronizer(_table.Genesis.GameId, _table.Secrets[1].Signatures, TableMutations.None).RequestFrom(_table.Genesis);
        Assert.Equal(1, Answers(Enumerable.Range(1, 100).Select(number => Seal(1, have with { Number = 1_000 + (uint)number }, network.Now.Clock))));
        Assert.Equal(1, Answers(Enumerable.Range(1, 100).Select(number => Seal(1, request with { FromHeight = 1 }, network.Now.Clock) with { Sender = Enumerable.Repeat((byte)(100 + number), 32).ToArray() })));

        // A seat may ask on as it catches up, and say what it holds: so many times at once.
        Assert.InRange(Answers(Enumerable.Range(1, 1_000).Select(number => Seal(2, request with { FromHeight = 1 }, network.Now.Clock + TimeSpan.FromMilliseconds(number)))), 1, AnswerBudget.Burst);
        Assert.Equal(0, Answers([Seal(2, request with { FromHeight = 1 }, network.Now.Clock)]));
        Assert.Equal(PeerInput.TooMany, victim.HandleMessage(Seal(2, have with { Height = victim.State.Height + 1, Number = 9_999 }, network.Now.Clock), network.Now));
        Assert.Equal(PeerInput.Taken, victim.HandleMessage(Seal(2, have with { Height = victim.State.Height + 1, Number = 10_000 }, network.Now.Clock), new PeerTime(network.Now.Elapsed + AnswerBudget.Interval, network.Now.Clock)));
    }

    private static readonly byte[] Stranger = [.. Enumerable.Repeat((byte)9, 32)];

    /// <summary>Inputs of the four seats, of the stranger, and of those that cannot be held against anybody.</summary>
    private long Counted(TablePeer peer) => Ids.Sum(id => peer.AntiCheat.InputsOf(id.Span).Values.Sum());

    private double Trust(TablePeer peer, PeerTime now) => Ids.Sum(id => peer.AntiCheat.TrustIn(id.Span, now.Elapsed));

    private IEnumerable<ReadOnlyMemory<byte>> Ids => _table.Secrets.Select(secrets => secrets.PeerId).Append(Stranger).Append(new byte[32]);

    private static PeerInput Deliver(TestNetwork network, ConsensusMessage message)
    {
        var input = network.Peers[0].HandleMessage(message, network.Now);
        network.Do(0, static _ => { });
        return input;
    }

    private IEnumerable<(string Name, ConsensusMessage Message, PeerInput? Expected)> Bad(ConsensusMessage good, TestNetwork network)
    {
        var isSelfSigned = MessageGate.IsSelfSigned(good.Payload);
        yield return ("a foreign game", good with { GameId = new byte[16] }, PeerInput.ForeignGame);
        yield return ("one longer than any", good with { Signature = new byte[MessageGate.MaxBytes] }, PeerInput.TooLarge);
        yield return ("a short field in another seat's name", good with { Sender = _table.Secrets[3].PeerId, MessageId = new byte[31] }, PeerInput.Malformed);
        yield return ("one longer than any in another seat's name", good with { Sender = _table.Secrets[3].PeerId, Signature = new byte[MessageGate.MaxBytes] }, PeerInput.TooLarge);
        yield return ("an unknown seat", good with { Sender = Stranger }, good.Payload is ConsensusPayload.JoinRequestArm or ConsensusPayload.StateSyncArm ? null : PeerInput.UnknownSeat);
        yield return ("an id that is not the content's", Fresh(good) with { Round = good.Round + 1 }, isSelfSigned ? null : PeerInput.BadMessageId);
        yield return ("a wrong signature", Fresh(good) with { Signature = Enumerable.Repeat((byte)1, 64).ToArray() }, isSelfSigned ? null : PeerInput.BadSignature);
        yield return ("another seat's name", Rename(good, network), isSelfSigned || good.Payload is ConsensusPayload.JoinRequestArm ? null : PeerInput.BadSignature);
        yield return ("the right signature over the wrong domain", WrongDomain(good), isSelfSigned ? null : PeerInput.BadSignature);
        yield return ("a clock of yesterday", Seal(1, good.Payload, network.Now.Clock - TimeSpan.FromDays(1)), isSelfSigned ? null : PeerInput.BadClock);
        yield return ("a short field", good with { MessageId = new byte[31] }, PeerInput.Malformed);
        yield return ("an old epoch or a future height", Seal(1, Shift(good.Payload), network.Now.Clock), null);
        yield return ("an operation with too long a body", Seal(1, Oversized(), network.Now.Clock), null);
    }

    private ConsensusMessage Fresh(ConsensusMessage message) => Seal(1, message.Payload, message.Timestamp + TimeSpan.FromMilliseconds(1));

    private ConsensusMessage Rename(ConsensusMessage message, TestNetwork network) =>
        Reseal(message, message with { Sender = network.Peers[0].State.Snapshot.Seats[2].Peer, Timestamp = message.Timestamp + TimeSpan.FromMilliseconds(2) });

    /// <summary>A right id, with the signature of another.</summary>
    private static ConsensusMessage Reseal(ConsensusMessage signed, ConsensusMessage message) => message with
    {
        MessageId = PeerIds.MessageId(new SignedContent { Sender = message.Sender, GameId = message.GameId, Round = message.Round, Timestamp = message.Timestamp, Payload = message.Payload }),
        Signature = signed.Signature,
    };

    private ConsensusMessage WrongDomain(ConsensusMessage message)
    {
        var fresh = Seal(1, message.Payload, message.Timestamp + TimeSpan.FromMilliseconds(3));
        return fresh with { Signature = _table.Secrets[1].Signatures.Sign([.. "BITCHAT1 operation"u8, .. fresh.MessageId.Span]) };
    }

    private ConsensusMessage Seal(int seat, ConsensusPayload payload, DateTimeOffset? clock = null) =>
        new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(payload, _table.Secrets[seat].PeerId, 1, clock ?? TestTable.Opened);

    private GameOperation Operation(int seat, ulong sequence, TableOperation body)
    {
        var unsigned = new GameOperation { OperationId = new byte[16], Player = _table.Secrets[seat].PeerId, Sequence = sequence, Body = EncodedOperation.Of(body), Signature = default };
        return unsigned with { Signature = _table.Secrets[seat].Signatures.Sign(PeerIds.OperationText(_table.Genesis.GameId.Span, unsigned)) };
    }

    private static ConsensusPayload Shift(ConsensusPayload payload) => payload switch
    {
        ConsensusPayload.ProposalArm { Value: var proposal } => proposal with { Epoch = 0 },
        ConsensusPayload.VoteArm { Value: var vote } => vote with { Height = vote.Height + 1_000 },
        ConsensusPayload.LockProofArm { Value: var proof } => proof with { Epoch = 9 },
        ConsensusPayload.HaveArm { Value: var have } => have with { Height = ulong.MaxValue, Epoch = ulong.MaxValue },
        ConsensusPayload.StateSyncArm { Value: var sync } => sync with { FromHeight = ulong.MaxValue },
        ConsensusPayload.RandomnessRevealArm { Value: var reveal } => reveal with { Roll = ulong.MaxValue },
        ConsensusPayload.CheckpointVoteArm { Value: var vote } => vote with { Height = ulong.MaxValue },
        ConsensusPayload.PartitionRecoveryArm { Value: var recovery } => recovery with { Epoch = ulong.MaxValue },
        ConsensusPayload.LeaderProposalArm { Value: var leader } => leader with { Term = ulong.MaxValue },
        ConsensusPayload.LeaderAcceptArm { Value: var accept } => accept with { Term = ulong.MaxValue },
        _ => payload,
    };

    private ConsensusPayload Oversized() => Operation(1, ulong.MaxValue - 1, new GamePlay { Body = new byte[512] }) with { Body = new byte[4_096] };

    /// <summary>One message of each kind, from a table's real traffic where it has one.</summary>
    private SortedDictionary<int, ConsensusMessage> Samples(TestNetwork network)
    {
        var samples = new SortedDictionary<int, ConsensusMessage>();
        network.Filter = (peer, message) =>
        {
            if (peer == 1 && message.Sender.Span.SequenceEqual(_table.Secrets[1].PeerId.Span))
            {
                samples.TryAdd(message.Payload.Tag, message);
            }

            return message;
        };
        TableTests.Rolls(network, 2);
        network.RunUntil(() => network.Peers[0].State.Snapshot.Term > 0, 60);
        network.Filter = static (_, message) => message;
        var state = network.Peers[1].State;
        var vote = ((ConsensusPayload.VoteArm)samples[1].Payload).Value;
        ReadOnlyMemory<byte> peer = state.Snapshot.Seats[2].Peer;
        var evidence = new DoubleVote { First = vote, Second = vote with { ValueId = new byte[32] } };
        var request = new JoinRequest { Player = _table.Secrets[1].PeerId, Ed25519Key = TestTable.PublicOf(_table.Keys[1]), DisplayName = "x", Chips = 1, ProtocolVersion = 1, Nonce = new byte[16], DealKey = _table.Secrets[1].DealKey, RequestSignature = new byte[64] };
        ConsensusPayload[] rest =
        [
            new StateSynchronizer(state.GameId, _table.Secrets[1].Signatures, TableMutations.None).RequestFrom(state),
            new RandomnessCommit { Roll = 0, Seat = 1, Commitment = new byte[32] },
            new DisputeClaim { DisputeId = new byte[32], Accused = peer, Kind = DisputeKind.DoubleSign, Evidence = evidence, ClaimedAt = TestTable.Opened },
            new DisputeVote { DisputeId = new byte[32], Uphold = true, Reason = null },
            request,
            new JoinAccept { Player = peer, Seat = 1, Epoch = 1, Seats = state.Snapshot.Seats, Certificate = network.Decided[0].Certificate },
            new JoinReject { Player = peer, Reason = JoinRejectReason.Refused, Detail = null },
            new LeaderProposal { Term = 9, Leader = peer, StartsAtHeight = 1 },
            new LeaderAccept { Term = 9, Leader = peer },
            new PartitionRecovery { Strategy = RecoveryStrategy.WaitForHeal, Epoch = 1, Reachable = [], LastCertificate = null, StateRoot = new byte[32] },
            new CheatAlert { Suspect = peer, Kind = CheatKind.Equivocation, Severity = 1, Evidence = evidence, ObservedAt = TestTable.Opened },
            new LockProof { Epoch = 1, Height = state.Height + 1, Round = 0, ValueId = new byte[32], Signatures = [.. network.Decided[0].Certificate.Signatures] },
            new CheckpointVote { Epoch = 1, Height = 1, OperationIndex = 1, StateRoot = new byte[32], SeatSetHash = new byte[32], Signature = network.Decided[0].Certificate.Signatures[0] },
        ];
        foreach (var payload in rest)
        {
            samples.TryAdd(payload.Tag, Seal(1, payload, network.Now.Clock));
        }

        return samples;
    }
}
