using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>
/// A Byzantine seat that works at what locks are for. It never signs two values in a round, and breaks its lock in the name of a
/// proof that does not exist, or in a vote that proves it only to who hears of its precommit too. In round 0 it gives its precommit to one seat only, which so decides before the others; when that seat is cut off, it has the others
/// decide something else in a later round: it proposes another value, with no proof of lock or one that nobody has seen, and
/// votes for whatever is proposed but the first value. What it hears of others it keeps to itself.
/// </summary>
internal sealed class Ambush(Life life, SimulatedPeer peer, PeerSecrets secrets)
{
    private const int MaxStates = 4;

    private readonly SeededRandom _random = new(life.Options.Seed, 700 + (ulong)peer.Number);
    private readonly SortedDictionary<ulong, TableState> _states = [];
    private readonly Dictionary<ulong, ValueId> _first = [];
    private readonly HashSet<(ulong Epoch, ulong Height, uint Round, bool Votes)> _done = [];

    /// <summary>It acts on what others send: its own peer may have decided long since.</summary>
    public void Heard(ConsensusMessage message)
    {
        Remember();
        switch (message.Payload)
        {
            case ConsensusPayload.ProposalArm { Value: var proposal }:
                Follow(proposal.Height, proposal.Round, proposal.Value, proposal.ProofOfLockRound);
                break;
            case ConsensusPayload.VoteArm { Value: { Round: > 0 } vote }:
                Propose(vote.Height, vote.Round);
                break;
        }
    }

    /// <summary>True where the seat may say that to that one.</summary>
    public bool Says(ConsensusMessage message, int to)
    {
        Remember();
        switch (message.Payload)
        {
            case ConsensusPayload.ProposalArm { Value: { Round: 0 } proposal }:
                Follow(proposal.Height, 0, proposal.Value, null);
                return to != Hidden(proposal.Height);
            default:
                return TellsNothing(message) && message.Sender.Span.SequenceEqual(secrets.PeerId.Span);
        }
    }

    /// <summary>True for messages from which nobody learns of a value.</summary>
    public static bool TellsNothing(ConsensusMessage message) =>
        message.Payload is not (ConsensusPayload.ProposalArm or ConsensusPayload.VoteArm or ConsensusPayload.LockProofArm or ConsensusPayload.StateSyncArm { Value.Phase: not StateSyncPhase.Request });

    private int Hidden(ulong height) => (int)((height + 1) % (ulong)life.Options.Seats);

    private void Remember()
    {
        var state = peer.Peer.State;
        if (state.Seats is not null && _states.TryAdd(state.Height + 1, state) && _states.Count > MaxStates)
        {
            _states.Remove(_states.Keys.First());
        }
    }

    private void Propose(ulong height, uint round)
    {
        if (!_states.TryGetValue(height, out var state) || state.Seats!.Find(secrets.PeerId.Span) is not { } self
            || state.Seats.Proposer(height, round) != self || !_done.Add((state.Seats.Epoch, height, round, false)))
        {
            return;
        }

        var value = new TableRules(secrets.Signatures, secrets.Group, new ProofCache()).Build(state, [], life.Clock, static (_, _) => { });
        var proofRound = _random.Chance(0.5) ? round - 1 : default(uint?);
        var proposal = new Proposal
        {
            Epoch = state.Seats.Epoch,
            Height = height,
            Round = round,
            ProofOfLockRound = proofRound,
            Value = value,
            ProposerSignature = secrets.Signatures.Sign(SignedText.OfProposal(state.Seats, height, round, proofRound, SeatSet.IdOf(value))),
        };
        foreach (var to in Others(state.Seats))
        {
            Send(to, proposal);
        }

        Follow(height, round, value, proofRound);
    }

    private void Follow(ulong height, uint round, ProposedValue value, uint? proofRound)
    {
        if (!_states.TryGetValue(height, out var state) || state.Seats!.Find(secrets.PeerId.Span) is null || !_done.Add((state.Seats.Epoch, height, round, true)))
        {
            return;
        }

        var id = SeatSet.IdOf(value);
        if (round == 0)
        {
            _first[height] = ValueId.Of(id);
        }
        else if (_first.TryGetValue(height, out var first) && first == ValueId.Of(id))
        {
            // One seat may have decided it: the others shall not.
            return;
        }

        foreach (var to in Others(state.Seats))
        {
            if (round > 0 || to.Number != Hidden(height))
            {
                Send(to, Vote(state.Seats, height, round, VoteKind.Prevote, id, proofRound));
            }

            if (round > 0 || to.Number == (int)(height % (ulong)life.Options.Seats))
            {
                Send(to, Vote(state.Seats, height, round, VoteKind.Precommit, id, null));
            }
        }
    }

    private IEnumerable<SimulatedPeer> Others(SeatSet seats) => life.Peers.Where(other => other != peer && seats.Find(other.Id.Span) is not null);

    private Vote Vote(SeatSet seats, ulong height, uint round, VoteKind kind, byte[] id, uint? proofRound) => new()
    {
        Epoch = seats.Epoch,
        Height = height,
        Round = round,
        Kind = kind,
        ValueId = id,
        ProofOfLockRound = proofRound,
        VoteSignature = secrets.Signatures.Sign(SignedText.OfVote(seats, height, round, kind, id, proofRound)),
    };

    private void Send(SimulatedPeer to, ConsensusPayload payload) =>
        peer.SendRaw(to.Id, new MessageGate(secrets, life.Genesis.GameId).Seal(payload, secrets.PeerId, peer.Height + 1, life.Clock));
}
