using BitChat.Messages;
using BitChat.Peer;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace BitChat.Simulator;

/// <summary>What a Byzantine seat makes of what it should send. Its peer is a sound one; the lies are in what leaves.</summary>
internal sealed class ByzantineSeat(Life life, SimulatedPeer peer, PeerSecrets secrets)
{
    // One field more than a struct of one field has: 4,096 bytes.
    public static readonly UnknownFields? Padding = EncodedOperation.Parse<SeatSequence>([0x92, 0x00, 0xC5, 0x10, 0x00, .. new byte[4_096]])!.UnknownFields;

    private readonly SeededRandom _random = new(life.Options.Seed, 500 + (ulong)peer.Number);
    private readonly Ambush? _ambush = life.Does(peer.Number, FaultKind.Ambush) ? new Ambush(life, peer, secrets) : null;
    private readonly Composer? _composer = life.Does(peer.Number, FaultKind.Composition) ? new Composer(life, peer, secrets) : null;

    /// <summary>What reaches the seat, before its peer has it.</summary>
    public void Heard(ConsensusMessage message)
    {
        if (message.Payload is ConsensusPayload.ProposalArm { Value.Value: var value } && Does(FaultKind.Equivocation) && OtherValue(value) is { } other)
        {
            Remember(value, other);
        }

        _ambush?.Heard(message);
    }

    public void Send(ReadOnlyMemory<byte>? to, ConsensusMessage message)
    {
        if (life.IsTrapSet && !Ambush.TellsNothing(message))
        {
            return;
        }

        // What it passes on of others goes as it is.
        if (!message.Sender.Span.SequenceEqual(secrets.PeerId.Span))
        {
            if (_ambush is null)
            {
                peer.SendRaw(to, message);
            }

            return;
        }

        foreach (var other in life.Peers)
        {
            if (other == peer || (to is { } one && !other.Id.Span.SequenceEqual(one.Span)) || (to is null && peer.Peer.State.Seats?.Find(other.Id.Span) is null))
            {
                continue;
            }

            if (_ambush?.Says(message, other.Number) == false)
            {
                continue;
            }

            if (Does(FaultKind.SelectiveSending) && (other.Number + (int)(message.Round / 4)) % 3 == 0)
            {
                continue;
            }

            foreach (var lie in Twist(other.Number, message.Payload))
            {
                peer.SendRaw(other.Id, ReferenceEquals(lie, message.Payload) ? message : Seal(lie));
            }

            if (Does(FaultKind.Forgery) && _random.Chance(0.1))
            {
                Forge(other, message);
            }
        }
    }

    private bool Does(FaultKind kind) => life.Does(peer.Number, kind);

    private ConsensusMessage Seal(ConsensusPayload payload) => new MessageGate(secrets, life.Genesis.GameId).Seal(payload, secrets.PeerId, peer.Height + 1, life.Clock);

    private IEnumerable<ConsensusPayload> Twist(int to, ConsensusPayload payload)
    {
        if (life.Byzantine.Contains(to))
        {
            // Byzantine seats work together.
            yield return payload;
            yield break;
        }

        switch (payload)
        {
            case ConsensusPayload.ProposalArm { Value: var proposal } when Does(FaultKind.Equivocation) && (to % 2 == 1 || proposal.Round > 0):
                yield return Other(proposal);
                break;
            case ConsensusPayload.ProposalArm { Value: var proposal } when Does(FaultKind.DiceBias) && Biased(proposal) is { } biased:
                yield return biased;
                break;
            case ConsensusPayload.ProposalArm { Value: var proposal } when _composer?.Compose(proposal) is { } composed && composed != proposal.Value:
                yield return Sign(proposal, composed);
                break;
            case ConsensusPayload.VoteArm { Value: var vote } when Does(FaultKind.Equivocation):
                yield return to % 2 == 1 ? Other(vote) : vote;
                if (_random.Chance(0.1))
                {
                    yield return Sign(vote with { ValueId = null, ProofOfLockRound = null });
                }

                break;
            case ConsensusPayload.RandomnessRevealArm when Does(FaultKind.WithheldShares):
                break;
            case ConsensusPayload.RandomnessRevealArm { Value: var reveal } when Does(FaultKind.DiceBias):
                yield return Biased(reveal, to);
                break;
            case ConsensusPayload.HeartbeatArm { Value: var heartbeat } when Does(FaultKind.FalseViews):
                yield return heartbeat with { View = heartbeat.View with { Height = heartbeat.View.Height + (ulong)_random.Next(100), Peers = [], StateRoot = new byte[32] } };
                break;
            case ConsensusPayload.HaveArm { Value: var have } when Does(FaultKind.FalseViews):
                yield return have with { Height = have.Height + (ulong)_random.Next(3), Reveals = 0xFF };
                break;
            case ConsensusPayload.StateSyncArm { Value: var sync } when Does(FaultKind.LyingSync) && sync.Phase != StateSyncPhase.Request:
                yield return Lie(sync);
                break;
            case ConsensusPayload.OperationArm { Value: var operation } when Does(FaultKind.BadDealing) && EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.DealArm { Value: var dealing }:
                yield return Sign(operation, dealing with { MaskedShares = [.. dealing.MaskedShares.Select((share, seat) => seat == (peer.Number + 1) % dealing.MaskedShares.Count ? new byte[32] : share)] });
                break;
            default:
                yield return payload;
                break;
        }
    }

    /// <summary>The same height with another time: a valid value too, which every Byzantine seat makes alike.</summary>
    private ProposedValue? OtherValue(ProposedValue value)
    {
        var rules = new TableRules(secrets.Signatures, secrets.Group, new ProofCache());
        return value.Height == peer.Height + 1 && value.ProposedAt < Replay.EndOfTime
            ? rules.Build(peer.Peer.State, value.Operations, value.ProposedAt + TimeSpan.FromMilliseconds(1), static (_, _) => { })
            : null;
    }

    private readonly Dictionary<ValueId, ValueId> _others = [];

    private Proposal Other(Proposal proposal)
    {
        if (OtherValue(proposal.Value) is not { } value)
        {
            return proposal;
        }

        Remember(proposal.Value, value);
        return Sign(proposal, value);
    }

    private void Remember(ProposedValue value, ProposedValue other)
    {
        if (_others.Count > 64)
        {
            _others.Clear();
        }

        _others[ValueId.Of(value)] = ValueId.Of(other);
    }

    /// <summary>A vote for the other value where it knows one, else against all.</summary>
    private Vote Other(Vote vote) => Sign(vote.ValueId is { } id && _others.TryGetValue(ValueId.Of(id.Span), out var other) ? vote with { ValueId = other.ToArray() } : vote with { ValueId = null, ProofOfLockRound = null });

    private SeatSet Seats => peer.Peer.State.Seats!;

    private Vote Sign(Vote vote) => vote with { VoteSignature = secrets.Signatures.Sign(SignedText.OfVote(Seats, vote.Height, vote.Round, vote.Kind, vote.ValueId is { } id ? id.Span : default, vote.ProofOfLockRound)) };

    private Proposal Sign(Proposal proposal, ProposedValue value) => proposal with
    {
        Value = value,
        ProposerSignature = secrets.Signatures.Sign(SignedText.OfProposal(Seats, proposal.Height, proposal.Round, proposal.ProofOfLockRound, SeatSet.IdOf(value))),
    };

    private GameOperation Sign(GameOperation operation, TableOperation body)
    {
        var changed = operation with { Body = EncodedOperation.Of(body) };
        return changed with { Signature = secrets.Signatures.Sign(PeerIds.OperationText(life.Genesis.GameId.Span, changed)) };
    }

    /// <summary>A roll with an outcome of its own choice.</summary>
    private Proposal? Biased(Proposal proposal)
    {
        GameOperation[] operations = [.. proposal.Value.Operations];
        var index = Array.FindIndex(operations, operation => EncodedOperation.Parse<TableOperation>(operation.Body.Span) is TableOperation.RollArm && operation.Player.Span.SequenceEqual(secrets.PeerId.Span));
        if (index < 0 || EncodedOperation.Parse<TableOperation>(operations[index].Body.Span) is not TableOperation.RollArm { Value: var roll })
        {
            return null;
        }

        var chosen = roll.Randomness.ToArray();
        chosen[0] ^= 1;
        operations[index] = Sign(operations[index], roll with { Randomness = chosen });
        return Sign(proposal, proposal.Value with { Operations = [.. operations] });
    }

    private RandomnessReveal Biased(RandomnessReveal reveal, int to) => reveal.Seat != peer.Peer.Seat ? reveal : reveal.Proof switch
    {
        RandomnessProof.OpeningArm { Value: var opened } => reveal with { Proof = opened with { Value = Sha256.HashData([.. opened.Value.Span, (byte)to]) } },
        RandomnessProof.CoinShareArm { Value: var share } => reveal with { Proof = share with { Share = secrets.Group.Encode(secrets.Group.HashToPoint([.. share.Share.Span, (byte)to])) } },
        _ => reveal,
    };

    /// <summary>Either another state under the certified root, or one of its own under a root that nobody signed.</summary>
    private StateSync Lie(StateSync sync)
    {
        if (sync.Checkpoint is not { } checkpoint || _random.Next(2) == 0)
        {
            return Changed(sync);
        }

        var state = peer.Peer.Log.Base;
        var snapshot = state.Encoded with { Term = state.Snapshot.Term + 1 };
        var pieces = new StatePieces(snapshot);
        return sync with
        {
            Checkpoint = checkpoint with { StateRoot = StatePieces.StateRoot(checkpoint.Height, checkpoint.OperationIndex, checkpoint.Epoch, checkpoint.SeatSetHash.Span, pieces.Root) },
            Chunks = [.. Enumerable.Range(0, Math.Min(pieces.Count, StateSynchronizer.PiecesPerMessage)).Select(pieces.PieceAt)],
        };
    }

    private static StateSync Changed(StateSync sync) => sync with
    {
        Deltas = [.. sync.Deltas.Select(decided => decided with { Value = decided.Value with { StateRoot = new byte[32] } })],
        Chunks = [.. sync.Chunks.Select(piece =>
        {
            // The bank's and players' chips are somewhere in there.
            var data = piece.Data.ToArray();
            var at = data.AsSpan().IndexOf((byte)0xCD);
            if (at >= 0 && at + 2 < data.Length)
            {
                data[at + 2] ^= 1;
            }

            return piece with { Data = data };
        })],
        Checkpoint = sync.Checkpoint,
    };

    private static ConsensusPayload Padded(ConsensusPayload payload) => payload switch
    {
        ConsensusPayload.VoteArm { Value: var vote } => vote with { UnknownFields = Padding },
        ConsensusPayload.OperationArm { Value: var operation } => operation with { UnknownFields = Padding },
        ConsensusPayload.RandomnessRevealArm { Value: var reveal } => reveal with { UnknownFields = Padding },
        ConsensusPayload.StateSyncArm { Value: var sync } => sync with { Deltas = [.. sync.Deltas.Select((decided, at) => at == 0 ? decided with { UnknownFields = Padding } : decided)] },
        _ => payload,
    };

    private void Forge(SimulatedPeer to, ConsensusMessage message)
    {
        switch (_random.Next(7))
        {
            case 0:
                peer.SendRaw(to.Id, message with { Round = message.Round + 1 });
                break;
            case 1:
                // In another's name.
                peer.SendRaw(to.Id, message with { Sender = life.Peers[_random.Next(life.Peers.Count)].Id });
                break;
            case 2 when peer.Peer.State.Seats is { } seats && message.Payload is ConsensusPayload.VoteArm { Value: { ValueId: { } id } vote }:
                // A certificate of one seat's signatures.
                var signature = new SeatSignature { Seat = (byte)(peer.Peer.Seat ?? 0), Signature = vote.VoteSignature };
                peer.SendRaw(to.Id, Seal(new LockProof { Epoch = vote.Epoch, Height = vote.Height, Round = vote.Round, ValueId = id, Signatures = [.. Enumerable.Repeat(signature, seats.Quorum)] }));
                break;
            case 3 when peer.Peer.State.Seats is { } seats && peer.Peer.Seat is { } self:
                // Against a seat that did nothing, and a value that nobody decided.
                var text = SignedText.OfVote(seats, peer.Height + 1, 0, VoteKind.Prevote, default);
                var fake = new Vote { Epoch = seats.Epoch, Height = peer.Height + 1, Round = 0, Kind = VoteKind.Prevote, ValueId = null, VoteSignature = secrets.Signatures.Sign(text) };
                var accused = seats[(self + 1) % seats.Count].Peer;
                var evidence = new DoubleVote { First = fake, Second = fake with { ValueId = new byte[32] } };
                peer.SendRaw(to.Id, Seal(new DisputeClaim { DisputeId = new byte[32], Accused = accused, Kind = DisputeKind.DoubleSign, Evidence = evidence, ClaimedAt = life.Clock }));
                peer.Peer.Submit(new SeatExpulsion { Accused = accused, Evidence = evidence }, new PeerTime(life.Now, life.Clock));
                break;
            case 4 when peer.Peer.State.Seats is { } seats && peer.Peer.Seat is { } self:
                var value = peer.Peer.State.Snapshot;
                var invented = new ProposedValue { Height = peer.Height + 1, PreviousStateRoot = peer.Peer.State.Root, StateRoot = Sha256.HashData(peer.Peer.State.Root), Operations = [], ProposedAt = value.DecidedAt };
                var own = new SeatSignature { Seat = (byte)self, Signature = secrets.Signatures.Sign(SignedText.OfVote(seats, invented.Height, 0, VoteKind.Precommit, SeatSet.IdOf(invented))) };
                var certificate = new CommitCertificate { Epoch = seats.Epoch, Height = invented.Height, Round = 0, ValueId = SeatSet.IdOf(invented), Signatures = [.. Enumerable.Repeat(own, seats.Quorum)] };
                peer.SendRaw(to.Id, Seal(new StateSync { Phase = StateSyncPhase.Deltas, FromHeight = invented.Height, ToHeight = invented.Height, StateRoot = invented.StateRoot, Checkpoint = null, Chunks = [], Deltas = [new DecidedValue { Value = invented, Certificate = certificate }], Epoch = seats.Epoch, Epochs = [] }));
                var proposal = new Proposal { Epoch = seats.Epoch, Height = invented.Height, Round = 0, ProofOfLockRound = null, Value = invented, ProposerSignature = new byte[64] };
                peer.SendRaw(to.Id, Seal(Sign(proposal, OtherValue(invented) ?? invented)));
                break;
            case 5:
                // None at all, and as long as one may be.
                var none = new GameOperation { OperationId = new byte[16], Player = secrets.PeerId, Sequence = peer.Height << 20, Body = new byte[TableRules.MaxBodyBytes], Signature = default };
                peer.SendRaw(to.Id, Seal(none with { Signature = secrets.Signatures.Sign(PeerIds.OperationText(life.Genesis.GameId.Span, none)) }));
                break;
            case 6:
                // Fields that nobody knows, in what would be kept.
                peer.SendRaw(to.Id, Seal(Padded(message.Payload)));
                break;
        }
    }
}
