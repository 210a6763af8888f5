using BitChat.Messages;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Peer.Tests.Table;

/// <summary>
/// What is put into an operation must fit there: a proposer that takes up what does not fit makes proposals that nobody can read,
/// and the table stands still. What comes from others can be long without breaking the schema: with fields that it does not have,
/// with ML-DSA-87 signatures, or as an operation that is none.
/// </summary>
public sealed class OversizeTests
{
    private static readonly UnknownFields s_padding = EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, 0x10, 0x00, .. new byte[4_096]])!.UnknownFields!;

    private readonly TestTable _table = new(4);

    [Fact]
    public void a_stranger_with_a_long_request_to_join_stops_nobody()
    {
        var network = Started(_table);
        var key = Ed25519PrivateKey.FromSeed(TestTable.Seed(77));
        var stranger = PeerSecrets.Of(key, TestTable.Seed(78));
        var request = stranger.Request(_table.Genesis.GameId.Span, TestTable.PublicOf(key), null, "stranger", 0, new byte[16]) with { UnknownFields = s_padding };
        request = request with { RequestSignature = stranger.Signatures.Sign(PeerIds.JoinText(_table.Genesis.GameId.Span, request)) };
        var message = new MessageGate(stranger, _table.Genesis.GameId).Seal(request, stranger.PeerId, 1, network.Now.Clock);
        Assert.All(network.Peers, peer => Assert.Equal(PeerInput.Malformed, peer.HandleMessage(message, network.Now)));
        TableTests.Rolls(network, 1);
        Assert.Equal(4, network.Peers[0].State.Snapshot.Seats.Count);
    }

    [Fact]
    public void an_operation_that_is_none_is_evidence_only_where_it_fits()
    {
        var network = Started(_table);
        Assert.All(network.Peers.Take(3), peer => Assert.Equal(PeerInput.Invalid, peer.HandleMessage(Sealed(3, Operation(3, 1_000, new byte[TableRules.MaxBodyBytes]), network), network.Now)));
        Assert.All(network.Peers, peer => Assert.Empty(peer.AntiCheat.Evidence));
        TableTests.Rolls(network, 1);
        Assert.Equal(4, network.Peers[0].State.Snapshot.Seats.Count);
        network.Do(0, peer => peer.HandleMessage(Sealed(3, Operation(3, 1_000, new byte[3_000]), network), network.Now));
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Seats.Count == 3));
    }

    [Fact]
    public void two_precommits_expel_at_a_post_quantum_table()
    {
        var table = new TestTable(4, postQuantum: true);
        var network = Started(table);
        network.Filter = (peer, message) =>
        {
            if (peer == 3 && message.Payload is ConsensusPayload.VoteArm { Value: { Kind: VoteKind.Precommit, ValueId: not null } vote } && message.Sender.Span.SequenceEqual(table.Secrets[3].PeerId.Span))
            {
                var id = Enumerable.Repeat((byte)9, 32).ToArray();
                var text = SignedText.OfVote(network.Peers[0].State.Seats!, vote.Height, vote.Round, vote.Kind, id);
                network.Deliver(0, message with { Payload = vote with { ValueId = id, VoteSignature = table.Secrets[3].Signatures.Sign(text), PostQuantumSignature = table.Secrets[3].Signatures.SignPostQuantum(text) } });
            }

            return message;
        };
        TableTests.Bet(network, 0);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Seats.Count == 3));
    }

    [Fact]
    public void a_part_of_a_roll_with_fields_that_nobody_knows_does_not_keep_the_roll_from_coming()
    {
        var network = Started(_table);
        network.Filter = (peer, message) => peer == 3 && message.Payload is ConsensusPayload.RandomnessRevealArm { Value: var reveal } && message.Sender.Span.SequenceEqual(_table.Secrets[3].PeerId.Span)
            ? Sealed(3, reveal with { UnknownFields = s_padding }, network)
            : message;
        TableTests.Rolls(network, 2, players: 3);
        Assert.True(network.Peers[0].AntiCheat.InputsOf(new byte[32]).ContainsKey(PeerInput.Malformed));
    }

    [Fact]
    public void evidence_that_fits_nowhere_keeps_none_that_does_from_being_held()
    {
        var network = Started(_table);
        var seats = network.Peers[0].State.Seats!;
        Vote Of(byte value)
        {
            var id = Enumerable.Repeat(value, 32).ToArray();
            return new Vote { Epoch = 1, Height = 1, Round = 0, Kind = VoteKind.Prevote, ValueId = id, VoteSignature = _table.Secrets[3].Signatures.Sign(SignedText.OfVote(seats, 1, 0, VoteKind.Prevote, id)) };
        }

        var evidence = new DoubleVote { First = Of(1), Second = Of(2) };
        DisputeClaim Claim(DoubleVote shown) => new() { DisputeId = new byte[32], Accused = _table.Secrets[3].PeerId, Kind = DisputeKind.DoubleSign, Evidence = shown, ClaimedAt = network.Now.Clock };
        foreach (var padded in new[] { evidence with { UnknownFields = s_padding }, evidence with { First = evidence.First with { UnknownFields = s_padding } } })
        {
            Assert.Equal(PeerInput.BadEvidence, network.Peers[0].HandleMessage(Sealed(2, Claim(padded), network), network.Now));
        }

        Assert.Equal(PeerInput.Taken, network.Peers[0].HandleMessage(Sealed(2, Claim(evidence), network), network.Now));
        network.Do(0, static _ => { });
        Assert.True(network.RunUntil(() => network.Peers[1].State.Snapshot.Seats.Count == 3));
    }

    [Fact]
    public void what_is_kept_has_no_fields_that_nobody_knows()
    {
        var network = Started(_table);
        TableTests.Rolls(network, 1);
        var state = network.Peers[0].State;
        var seats = state.Seats!;
        var vote = new Vote { Epoch = seats.Epoch, Height = state.Height + 1, Round = 0, Kind = VoteKind.Prevote, VoteSignature = _table.Secrets[1].Signatures.Sign(SignedText.OfVote(seats, state.Height + 1, 0, VoteKind.Prevote, default)) };
        Assert.Equal(PeerInput.Malformed, network.Peers[0].HandleMessage(Sealed(1, vote with { UnknownFields = s_padding }, network), network.Now));
        Assert.Equal(PeerInput.Taken, network.Peers[0].HandleMessage(Sealed(1, vote, network), network.Now));
        Assert.Equal(PeerInput.Malformed, network.Peers[0].HandleMessage(Sealed(1, Operation(1, 1_000, EncodedOperation.Of<TableOperation>(new SeatLeave())) with { UnknownFields = s_padding }, network), network.Now));

        var signatures = new Ed25519Verifier();
        var decided = network.Decided[0];
        Assert.True(Certificates.Verify(_table.Genesis.Seats!, signatures, decided));
        var proofs = Assert.IsType<ValueList<LockProof>>(decided.Prevotes);
        foreach (var padded in new[]
        {
            decided with { UnknownFields = s_padding },
            decided with { Certificate = decided.Certificate with { UnknownFields = s_padding } },
            decided with { Certificate = decided.Certificate with { Signatures = [.. decided.Certificate.Signatures.Select(signature => signature with { UnknownFields = s_padding })] } },
            decided with { Certificate = decided.Certificate with { Signatures = [.. decided.Certificate.Signatures.Select(signature => signature with { PostQuantum = new byte[4_627] })] } },
            decided with { Prevotes = [proofs[0] with { UnknownFields = s_padding }] },
            decided with { Prevotes = [proofs[0], proofs[0]] },
        })
        {
            Assert.False(Certificates.Verify(_table.Genesis.Seats!, signatures, padded));
        }
    }

    [Fact]
    public void an_operation_of_its_own_that_is_too_long_is_not_taken()
    {
        var network = Started(_table);
        network.Do(0, peer => Assert.Null(peer.Play(new byte[TableRules.MaxBodyBytes], network.Now)));
        network.Do(0, peer => Assert.Equal(TableFault.TooLarge, peer.FaultOf(new GamePlay { Body = new byte[TableRules.MaxBodyBytes] }, network.Now)));
        TableTests.Rolls(network, 1);
    }

    private static TestNetwork Started(TestTable table)
    {
        var network = new TestNetwork(table);
        Assert.True(network.RunUntil(() => network.Peers[0].State.Snapshot.Coin.Ready));
        return network;
    }

    private ConsensusMessage Sealed(int seat, ConsensusPayload payload, TestNetwork network) =>
        new MessageGate(_table.Secrets[seat], _table.Genesis.GameId).Seal(payload, _table.Secrets[seat].PeerId, 1, network.Now.Clock);

    private GameOperation Operation(int seat, ulong sequence, byte[] body)
    {
        var unsigned = new GameOperation { OperationId = new byte[16], Player = _table.Secrets[seat].PeerId, Sequence = sequence, Body = body, Signature = default };
        return unsigned with { Signature = _table.Secrets[seat].Signatures.Sign(PeerIds.OperationText(_table.Genesis.GameId.Span, unsigned)) };
    }
}
