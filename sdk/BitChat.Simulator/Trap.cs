using BitChat.Messages;
using BitChat.Peer;

namespace BitChat.Simulator;

/// <summary>
/// The network and all Byzantine seats together against one lock, once. It is set when a correct seat proposes and a Byzantine
/// one is next. All correct seats lock; what the proposer sends from its precommit on is lost, so that it alone decides.
/// The others may crash once they have precommitted. Then the Byzantine seats end the round with votes for nothing, and have
/// another value proposed in the next one, with a proof of lock that does not exist where nobody crashed. No Byzantine seat
/// signs twice. Only what the others remember of their lock, and ask for before they leave it, keeps the table in one.
/// <para>With more Byzantine seats than the table bears they decide with as many correct seats as a quorum needs, and something else
/// with the rest. Either both in the next round, with two votes each, or the one in this round and the other in the next, by
/// forgetting their own lock: they then sign nothing twice, and only the prevotes prove them guilty.</para>
/// </summary>
internal sealed class Trap(Life life, Fault fault)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly HashSet<int> _crashed = [];
    private SimulatedPeer? _alone;
    private ulong _height;
    private uint _round;

    /// <summary>While it is, Byzantine seats say nothing else of values.</summary>
    public bool IsSet => _alone is not null && life.Now < fault.To;

    /// <summary>A correct seat is about to send what it signed.</summary>
    public void HandleSent(SimulatedPeer peer, ConsensusMessage message)
    {
        if (life.Now < fault.From || life.Now >= fault.To || !message.Sender.Span.SequenceEqual(peer.Id.Span))
        {
            return;
        }

        switch (message.Payload)
        {
            case ConsensusPayload.ProposalArm { Value: var proposal } when _alone is null:
                Set(peer, proposal);
                break;
            case ConsensusPayload.VoteArm { Value: { Kind: VoteKind.Precommit, ValueId: not null } vote } when _alone is not null && vote.Height == _height && vote.Round == _round:
                if (peer == _alone)
                {
                    life.Mute(peer.Number, fault.To);
                }
                else if (!life.IsBeyond && fault.Amount > 0 && _crashed.Add(peer.Number))
                {
                    peer.CrashOnSend(life.Now + TimeSpan.FromMilliseconds(fault.Amount));
                }

                break;
        }
    }

    private void Set(SimulatedPeer peer, Proposal proposal)
    {
        var state = peer.Peer.State;
        if (state.Seats is not { } seats || proposal.Height != state.Height + 1)
        {
            return;
        }

        var byzantine = life.Peers.Where(other => other.IsByzantine && seats.Find(other.Id.Span) is not null).ToArray();
        if (byzantine.FirstOrDefault(other => seats.Find(other.Id.Span) == seats.Proposer(proposal.Height, proposal.Round + 1)) is not { } next)
        {
            return;
        }

        _alone = peer;
        (_height, _round) = (proposal.Height, proposal.Round);
        life.Log($"a trap for {peer.Number} at {_height}");
        var rules = new TableRules(next.Secrets.Signatures, next.Secrets.Group, new ProofCache());
        (SimulatedPeer From, ConsensusMessage Message)[] All(uint round, VoteKind kind, byte[]? id, uint? proof = null) => [.. byzantine.Select(from => (from, Seal(from, Vote(seats, from, round, kind, id, proof))))];
        (SimulatedPeer From, ConsensusMessage Message)[] Other(int milliseconds)
        {
            var value = rules.Build(state, [], life.Clock + TimeSpan.FromMilliseconds(milliseconds), static (_, _) => { });
            var id = SeatSet.IdOf(value);
            var proof = life.IsBeyond || fault.Amount > 0 ? default(uint?) : _round;
            var proposed = new Proposal
            {
                Epoch = seats.Epoch,
                Height = _height,
                Round = _round + 1,
                ProofOfLockRound = proof,
                Value = value,
                ProposerSignature = next.Secrets.Signatures.Sign(SignedText.OfProposal(seats, _height, _round + 1, proof, id)),
            };
            return [(next, Seal(next, proposed)), .. All(_round + 1, VoteKind.Prevote, id, proof), .. All(_round + 1, VoteKind.Precommit, id)];
        }

        var first = SeatSet.IdOf(proposal.Value);
        var prevotes = All(_round, VoteKind.Prevote, first);
        var (toFirst, toOthers) = (life.IsBeyond, fault.Amount > 0) switch
        {
            (false, _) => (prevotes, [.. prevotes, .. All(_round, VoteKind.Precommit, null), .. Other(0)]),
            (true, true) => ([.. prevotes, .. All(_round, VoteKind.Precommit, first)], Other(0)),
            (true, false) => (Other(1), Other(0)),
        };
        var correct = life.Peers.Where(to => !to.IsByzantine && seats.Find(to.Id.Span) is not null).OrderBy(to => to != peer).ToArray();
        var firsts = life.IsBeyond ? seats.Quorum - byzantine.Length : 1;

        // Again and again: whoever comes back from a crash has not heard it.
        void Say()
        {
            for (var i = 0; i < correct.Length; i++)
            {
                foreach (var (from, message) in correct[i].Height >= _height ? [] : i < firsts ? toFirst : toOthers)
                {
                    from.SendRaw(correct[i].Id, message);
                }
            }

            if (IsSet)
            {
                life.After(Interval, Say);
            }
        }

        Say();
    }

    private Vote Vote(SeatSet seats, SimulatedPeer peer, uint round, VoteKind kind, byte[]? id, uint? proof) => new()
    {
        Epoch = seats.Epoch,
        Height = _height,
        Round = round,
        Kind = kind,
        ValueId = id is null ? default(ReadOnlyMemory<byte>?) : id,
        ProofOfLockRound = proof,
        VoteSignature = peer.Secrets.Signatures.Sign(SignedText.OfVote(seats, _height, round, kind, id, proof)),
    };

    private ConsensusMessage Seal(SimulatedPeer from, ConsensusPayload payload) =>
        new MessageGate(from.Secrets, life.Genesis.GameId).Seal(payload, from.Id, _height, life.Clock);
}
