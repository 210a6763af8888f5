using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>What a seat tells others of what it holds, and sends them of what they lack.</summary>
public sealed partial class ConsensusCoordinator
{
    /// <summary>What this seat holds of the rounds that matter: the latest two and those of its lock and of the latest valid value.</summary>
    public IReadOnlyList<RoundHave> Have() => _step == Step.Decided ? [] : [.. Rounds().Select(HaveOf)];

    /// <summary>True where a seat has the proposal of this round, and this one has not.</summary>
    public bool LacksProposal(IReadOnlyList<RoundHave> have)
    {
        ArgumentNullException.ThrowIfNull(have);
        return _step != Step.Decided && !_proposals.ContainsKey(Round) && have.Any(round => round.Round == Round && round.Proposal);
    }

    /// <summary>Sends a seat at the same height what it lacks of what this one holds.</summary>
    public void HandleHave(int seat, IReadOnlyList<RoundHave> have)
    {
        ArgumentNullException.ThrowIfNull(have);
        if (!_seats.Contains(seat) || _step == Step.Decided)
        {
            return;
        }

        var before = _effects.Count;
        foreach (var round in Rounds())
        {
            var theirs = have.FirstOrDefault(item => item.Round == round) ?? new RoundHave { Round = round, Prevotes = 0, Precommits = 0, Proposal = false, LockProof = false };
            if (!theirs.Proposal && _proposals.TryGetValue(round, out var proposal))
            {
                _effects.Enqueue(new ConsensusEffect.SendProposal(proposal.Proposal, seat));
            }

            if (!theirs.LockProof && _votes.LockOf(round) is { } proof)
            {
                _effects.Enqueue(new ConsensusEffect.SendLockProof(proof, seat));
            }

            for (var (kind, bits) = (VoteKind.Prevote, theirs.Prevotes); kind <= VoteKind.Precommit; kind++, bits = theirs.Precommits)
            {
                for (var voter = 0; voter < _seats.Count && _effects.Count - before < _limits.MaxAnswers; voter++)
                {
                    if (voter != seat && (bits & (1 << voter)) == 0 && _votes.VoteOf(round, kind, voter) is { } vote)
                    {
                        _effects.Enqueue(new ConsensusEffect.SendVote(voter, vote, seat));
                    }
                }
            }
        }
    }

    private IEnumerable<uint> Rounds() =>
        new[] { Round, Round == 0 ? 0 : Round - 1, _valid?.Round ?? Round, _locked?.Round ?? Round }.Distinct();

    private RoundHave HaveOf(uint round) => new()
    {
        Round = round,
        Prevotes = _votes.Bits(round, VoteKind.Prevote),
        Precommits = _votes.Bits(round, VoteKind.Precommit),
        Proposal = _proposals.ContainsKey(round),
        LockProof = _votes.LockOf(round) is not null,
    };
}
