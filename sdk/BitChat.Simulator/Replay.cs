using System.Security.Cryptography;
using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>
/// Somebody without a seat who hears what correct seats send: sends it again later, sends copies with changes that its signature does
/// not cover or that read alike when signed, sends garbage in seats' names, and asks to join with chips that nobody can count. A
/// Byzantine seat, where there is one, lends it its name: for false accusations, and for clocks at the end of time.
/// </summary>
internal sealed class Replay(Life life, Fault fault)
{
    private const int MaxKept = 64;

    public static readonly DateTimeOffset EndOfTime = new(DateTimeOffset.MaxValue.UtcTicks / 10 * 10, TimeSpan.Zero);

    private readonly SeededRandom _random = new(life.Options.Seed, 900);
    private readonly List<ConsensusMessage> _kept = [];
    private readonly List<JoinRequest> _requests = [];
    private int _strangers;

    /// <summary>How many times as long players wait between bets: a table that is never at rest shows no height that begins without reason.</summary>
    public double Rest => fault.Amount;

    /// <summary>What a player once asked to join with.</summary>
    public JoinRequest? Request => _requests.Count == 0 ? null : _requests[_random.Next(_requests.Count)];

    public void Begin() => life.After(_random.Time(200, 1_000), Stir);

    /// <summary>A correct seat is about to send something.</summary>
    public void HandleSent(ConsensusMessage message)
    {
        if (IsOver)
        {
            return;
        }

        if (message.Payload is ConsensusPayload.JoinRequestArm { Value: var request } && _requests.Count < MaxKept)
        {
            _requests.Add(request);
        }

        if (_kept.Count == 0 || message.Payload is ConsensusPayload.JoinRequestArm || _random.Chance(0.05))
        {
            _kept.Insert(_random.Next(_kept.Count + 1), message);
            _kept.RemoveRange(0, Math.Max(0, _kept.Count - MaxKept));
        }

        if (_random.Chance(0.3) && Changed(message.Payload) is { } changed)
        {
            Say(message with { Payload = changed });
        }
    }

    // A trap leaves nobody else a word.
    private bool IsOver => life.Now >= fault.To || life.IsTrapSet;

    private SimulatedPeer Anyone => life.Peers[_random.Next(life.Peers.Count)];

    private ConsensusPayload? Changed(ConsensusPayload payload) => (payload, _random.Next(5)) switch
    {
        (ConsensusPayload.VoteArm { Value: var vote }, var kind) => Changed(vote, kind),
        (ConsensusPayload.ProposalArm { Value: var proposal }, 0) => proposal with { ProofOfLockRound = uint.MaxValue },
        (ConsensusPayload.ProposalArm { Value: var proposal }, 1) => proposal with { Round = proposal.Round + 1 },
        (ConsensusPayload.ProposalArm { Value: var proposal }, 2) => proposal with { Value = proposal.Value with { UnknownFields = ByzantineSeat.Padding } },
        (ConsensusPayload.CheckpointVoteArm { Value: var vote }, _) => vote with { Signature = vote.Signature with { PostQuantum = new byte[4_627] } },
        (ConsensusPayload.OperationArm { Value: var operation }, 0) => operation with { Sequence = operation.Sequence + 1 },
        (ConsensusPayload.JoinRequestArm { Value: var request }, _) => request with { Chips = long.MaxValue },
        _ => null,
    };

    private static Vote Changed(Vote vote, int kind) => kind switch
    {
        0 when vote.ValueId is null => vote with { ValueId = new byte[32] },
        1 when vote.ProofOfLockRound is null => vote with { ProofOfLockRound = uint.MaxValue },
        2 => vote with { PostQuantumSignature = new byte[4_627] },
        3 => vote with { UnknownFields = ByzantineSeat.Padding },
        _ => vote with { RejectReason = RejectReason.InvalidOperation, Detail = new string('x', 60) },
    };

    private void Stir()
    {
        life.After(_random.Time(200, 1_000) / Rest, Stir);
        if (IsOver || _kept.Count == 0)
        {
            return;
        }

        var to = Anyone;
        // A vote of nobody's, in a seat's name.
        if (to.Peer.State.Seats is { } seats)
        {
            Say(Sealed(to, seats[_random.Next(seats.Count)].Peer, new Vote { Epoch = seats.Epoch, Height = to.Height + 1, Round = 0, Kind = VoteKind.Prevote, ValueId = null, VoteSignature = Garbage() }));
        }

        var helper = life.Peers.FirstOrDefault(peer => peer.IsByzantine && to.Peer.State.Seats?.Find(peer.Id.Span) is not null);
        switch (_random.Next(helper is null ? 2 : 4))
        {
            case 0:
                // As it was, to all who were not there to hear it, and to those that were.
                Say(_kept[_random.Next(_kept.Count)]);
                break;
            case 1:
                var stranger = new SimulatedSignatures(life.Options.Seed, 100 + (_strangers++ % 100));
                var key = stranger.PublicKey.ToArray();
                var secrets = new PeerSecrets(PeerIds.Of(key), stranger, SmallGroup.Instance, 2, key);
                var request = secrets.Request(life.Genesis.GameId.Span, key, null, "stranger", long.MaxValue, Garbage().AsMemory(0, 16));
                Say(new MessageGate(secrets, life.Genesis.GameId).Seal(request, secrets.PeerId, 1, life.Clock));
                break;
            case 2:
                var have = new Have { Epoch = to.Peer.State.Snapshot.Epoch, Height = to.Height + 1, Number = 0, Rounds = [], Sequences = [], Roll = 0, Reveals = 0, CheckpointHeight = 0, CheckpointSignatures = 0 };
                Say(to, new MessageGate(helper!.Secrets, life.Genesis.GameId).Seal(have, helper.Id, 1, EndOfTime));
                break;
            case 3 when FalseEvidence() is var (accused, evidence):
                var claim = new DisputeClaim { DisputeId = new byte[32], Accused = accused, Kind = DisputeKind.DoubleSign, Evidence = evidence, ClaimedAt = life.Clock };
                Say(new MessageGate(helper!.Secrets, life.Genesis.GameId).Seal(claim, helper.Id, 1, life.Clock));
                break;
        }
    }

    /// <summary>A vote that somebody signed, and the same vote in other words.</summary>
    public (ReadOnlyMemory<byte> Accused, Evidence Evidence)? FalseEvidence()
    {
        if (_kept.LastOrDefault(static kept => kept.Payload is ConsensusPayload.VoteArm) is not { Payload: ConsensusPayload.VoteArm { Value: var vote } } of)
        {
            return null;
        }

        return (of.Sender, new DoubleVote { First = vote, Second = Changed(vote, vote.ValueId is null && _random.Chance(0.5) ? 0 : 1) });
    }

    private ConsensusMessage Sealed(SimulatedPeer to, ReadOnlyMemory<byte> sender, ConsensusPayload payload) => new MessageGate(to.Secrets, life.Genesis.GameId).Seal(payload, sender, to.Height + 1, life.Clock);

    private byte[] Garbage() => SHA512.HashData(BitConverter.GetBytes(_random.Next()));

    private void Say(ConsensusMessage message)
    {
        foreach (var to in life.Peers)
        {
            Say(to, message);
        }
    }

    // Its links are nobody else's.
    private void Say(SimulatedPeer to, ConsensusMessage message) => life.Carry(life.Peers.Count, to.Number, SimulatedPeer.ReadBack(message));
}
