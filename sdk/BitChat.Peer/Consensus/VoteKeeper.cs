using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>The votes of one height, one a seat, kind and round, and the quorums of prevotes. Bounded by the rounds that are in reach.</summary>
internal sealed class VoteKeeper(SeatSet seats, ConsensusRules rules)
{
    // A few rounds, sought by every message: no more than a list is needed.
    private readonly List<(uint Number, Round Votes)> _rounds = [];

    /// <summary>
    /// Takes a vote whose signature is good; the earlier one where the seat contradicts itself. Both of two votes that
    /// contradict each other count, each for its value: a lock may rest on the one or the other. A third does not; a lock that
    /// rests on it comes with its proof.
    /// </summary>
    public ConsensusInput Add(int seat, Vote vote, out Vote? earlier)
    {
        var round = RoundOf(vote.Round);
        earlier = null;
        ref var slot = ref round.Of(vote.Kind)[seat];
        var id = ValueId.Of(vote.ValueId);
        if (slot.First is null)
        {
            slot.First = vote;
            slot.FirstId = id;
            return ConsensusInput.Taken;
        }

        if (IsSame(slot.First, slot.FirstId) || (slot.Second is not null && IsSame(slot.Second, slot.SecondId)))
        {
            if (!rules.CountsSeatsOnce)
            {
                round.Repeats[vote.Kind == VoteKind.Prevote ? 0 : 1]++;
            }

            return ConsensusInput.Duplicate;
        }

        earlier = slot.First;
        if (slot.Second is null)
        {
            slot.Second = vote;
            slot.SecondId = id;
        }

        return ConsensusInput.Equivocation;

        bool IsSame(Vote known, ValueId? knownId) => knownId == id && known.ProofOfLockRound == vote.ProofOfLockRound;
    }

    /// <summary>Proof that the seat prevoted against its own precommit, where this vote and one that is kept show it.</summary>
    public BrokenLock? BrokenBy(int seat, Vote vote)
    {
        var isPrevote = vote.Kind == VoteKind.Prevote;
        foreach (var (number, votes) in _rounds)
        {
            if (isPrevote ? number >= vote.Round : number <= vote.Round)
            {
                continue;
            }

            var slot = votes.Of(isPrevote ? VoteKind.Precommit : VoteKind.Prevote)[seat];
            foreach (var other in (ReadOnlySpan<Vote?>)[slot.First, slot.Second])
            {
                if (other is not null && (isPrevote ? (other, vote) : (vote, other)) is var (precommit, prevote) && ForkProof.BreaksLock(precommit, prevote))
                {
                    return new BrokenLock { Precommit = ConsensusMessages.EvidenceOf(precommit), Prevote = ConsensusMessages.EvidenceOf(prevote) };
                }
            }
        }

        return null;
    }

    /// <summary>Takes a proof whose signatures are good.</summary>
    public void Add(LockProof proof) => RoundOf(proof.Round).Lock ??= proof;

    /// <summary>The proof that a quorum prevoted for one value in that round, where there is one.</summary>
    public LockProof? LockOf(uint round)
    {
        var votes = Find(round);
        if (votes is null || votes.Lock is not null)
        {
            return votes?.Lock;
        }

        if (rules.CountsSeatsOnce && CountAll(round, VoteKind.Prevote) < rules.Quorum(seats))
        {
            return null;
        }

        foreach (var slot in votes.Of(VoteKind.Prevote))
        {
            if (slot.FirstId is { } id && QuorumFor(votes, id) is { } vote)
            {
                return votes.Lock = ProofOf(votes, id, vote);
            }
        }

        return null;
    }

    /// <summary>The proof that a quorum prevoted for that value in that round, where there is one.</summary>
    public LockProof? LockOf(uint round, ValueId id) =>
        Find(round) is not { } votes ? null
        : votes.Lock is { } known && ValueId.Of(known.ValueId) == id ? known
        : QuorumFor(votes, id) is { } vote ? ProofOf(votes, id, vote)
        : null;

    /// <summary>True where a quorum prevoted for the value in that round.</summary>
    public bool HasLock(uint round, ValueId id) => Find(round) is { } votes && (QuorumFor(votes, id) is not null || (votes.Lock is { } known && ValueId.Of(known.ValueId) == id));

    /// <summary>Seats that voted so in that round.</summary>
    public int Count(uint round, VoteKind kind, ValueId? id)
    {
        if (Find(round) is not { } votes)
        {
            return 0;
        }

        var count = votes.Repeats[kind == VoteKind.Prevote ? 0 : 1];
        var nilToo = !rules.TellsNilApart && kind == VoteKind.Precommit;
        foreach (ref var slot in votes.Of(kind).AsSpan())
        {
            var first = slot.First is not null && (slot.FirstId == id || (nilToo && slot.FirstId is null));
            var second = slot.Second is not null && (slot.SecondId == id || (nilToo && slot.SecondId is null));
            count += first || second ? 1 : 0;
        }

        return count;
    }

    /// <summary>Seats that voted at all in that round.</summary>
    public int CountAll(uint round, VoteKind kind)
    {
        var count = 0;
        if (Find(round) is { } votes)
        {
            foreach (ref var slot in votes.Of(kind).AsSpan())
            {
                count += slot.First is null ? 0 : 1;
            }
        }

        return count;
    }

    /// <summary>Who voted in that round, a bit a seat.</summary>
    public byte Bits(uint round, VoteKind kind)
    {
        var bits = 0;
        if (Find(round)?.Of(kind) is { } slots)
        {
            for (var seat = 0; seat < slots.Length; seat++)
            {
                bits |= slots[seat].First is null ? 0 : 1 << seat;
            }
        }

        return (byte)bits;
    }

    /// <summary>The seat's first vote of that round.</summary>
    public Vote? VoteOf(uint round, VoteKind kind, int seat) => Find(round)?.Of(kind)[seat].First;

    /// <summary>The latest round above <paramref name="round"/> in which more seats than may be Byzantine have voted.</summary>
    public uint? RoundAhead(uint round)
    {
        uint? ahead = null;
        foreach (var (number, votes) in _rounds)
        {
            if (number > round && !(number <= ahead) && votes.Seats() > seats.MaxFaults)
            {
                ahead = number;
            }
        }

        return ahead;
    }

    /// <summary>Votes for the value with their seats, in the order of seats.</summary>
    public IEnumerable<(int Seat, Vote Vote)> Of(uint round, VoteKind kind, ValueId id)
    {
        if (Find(round) is not { } votes)
        {
            yield break;
        }

        for (var seat = 0; seat < seats.Count; seat++)
        {
            var slot = votes.Of(kind)[seat];
            if (slot.First is not null && slot.FirstId == id)
            {
                yield return (seat, slot.First);
            }
            else if (slot.Second is not null && slot.SecondId == id)
            {
                yield return (seat, slot.Second);
            }
        }
    }

    /// <summary>Forgets rounds below, but for those that something rests on.</summary>
    public void Forget(uint below, Func<uint, bool> keep) => _rounds.RemoveAll(round => round.Number < below && !keep(round.Number));

    /// <summary>One of a quorum of prevotes for the value that name the same proof-of-lock round: only such make a proof.</summary>
    private Vote? QuorumFor(Round votes, ValueId id)
    {
        var slots = votes.Of(VoteKind.Prevote);
        for (var i = 0; i < slots.Length; i++)
        {
            if ((slots[i].First is not null && slots[i].FirstId == id ? slots[i].First : slots[i].Second is not null && slots[i].SecondId == id ? slots[i].Second : null) is not { } vote)
            {
                continue;
            }

            var count = votes.Repeats[0];
            foreach (ref var slot in slots.AsSpan())
            {
                count += slot.VoteFor(id, vote.ProofOfLockRound) is null ? 0 : 1;
            }

            if (count >= rules.Quorum(seats))
            {
                return vote;
            }
        }

        return null;
    }

    private LockProof ProofOf(Round votes, ValueId id, Vote one)
    {
        var signatures = new List<SeatSignature>(seats.Count);
        var slots = votes.Of(VoteKind.Prevote);
        for (var seat = 0; seat < slots.Length; seat++)
        {
            if (slots[seat].VoteFor(id, one.ProofOfLockRound) is { } vote)
            {
                signatures.Add(new SeatSignature { Seat = (byte)seat, Signature = vote.VoteSignature });
            }
        }

        return new LockProof { Epoch = seats.Epoch, Height = one.Height, Round = one.Round, ValueId = id.ToArray(), Signatures = signatures, ProofOfLockRound = one.ProofOfLockRound };
    }

    private Round? Find(uint number)
    {
        foreach (var (known, votes) in _rounds)
        {
            if (known == number)
            {
                return votes;
            }
        }

        return null;
    }

    private Round RoundOf(uint number)
    {
        if (Find(number) is not { } round)
        {
            _rounds.Add((number, round = new Round(seats.Count)));
        }

        return round;
    }

    private struct Slot
    {
        public Vote? First;
        public ValueId? FirstId;
        public Vote? Second;
        public ValueId? SecondId;

        public readonly Vote? VoteFor(ValueId id, uint? proofOfLockRound) =>
            First is not null && FirstId == id && First.ProofOfLockRound == proofOfLockRound ? First
            : Second is not null && SecondId == id && Second.ProofOfLockRound == proofOfLockRound ? Second
            : null;
    }

    private sealed class Round(int seats)
    {
        private readonly Slot[] _prevotes = new Slot[seats];
        private readonly Slot[] _precommits = new Slot[seats];

        public int[] Repeats { get; } = new int[2];

        public LockProof? Lock { get; set; }

        public Slot[] Of(VoteKind kind) => kind == VoteKind.Prevote ? _prevotes : _precommits;

        public int Seats()
        {
            var count = 0;
            for (var seat = 0; seat < _prevotes.Length; seat++)
            {
                count += _prevotes[seat].First is null && _precommits[seat].First is null ? 0 : 1;
            }

            return count;
        }
    }
}
