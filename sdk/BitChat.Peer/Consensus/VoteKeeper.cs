using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>The votes of one height, one a seat, kind and round. Bounded by the rounds that are in reach.</summary>
internal sealed class VoteKeeper(SeatSet seats, ConsensusRules rules)
{
    private readonly SortedDictionary<uint, Round> _rounds = [];

    /// <summary>
    /// Takes a vote whose signature is good; the earlier one where the seat contradicts itself. Both of two votes that
    /// contradict each other count, each for its value: a lock may rest on the one or the other. A third does not.
    /// </summary>
    public ConsensusInput Add(int seat, Vote vote, out Vote? earlier)
    {
        if (!_rounds.TryGetValue(vote.Round, out var round))
        {
            _rounds[vote.Round] = round = new Round(seats.Count);
        }

        earlier = null;
        var (first, second) = round.Of(vote.Kind)[seat];
        if (first is null)
        {
            round.Of(vote.Kind)[seat] = (vote, null);
            return ConsensusInput.Taken;
        }

        if (Same(first.ValueId, vote.ValueId) || (second is not null && Same(second.ValueId, vote.ValueId)))
        {
            if (!rules.CountsSeatsOnce)
            {
                round.Repeats[vote.Kind == VoteKind.Prevote ? 0 : 1]++;
            }

            return ConsensusInput.Duplicate;
        }

        if (second is null)
        {
            round.Of(vote.Kind)[seat] = (first, vote);
        }

        earlier = first;
        return ConsensusInput.Equivocation;
    }

    /// <summary>Seats that voted so in that round.</summary>
    public int Count(uint round, VoteKind kind, ReadOnlyMemory<byte>? valueId) =>
        _rounds.TryGetValue(round, out var votes)
            ? votes.Of(kind).Count(pair => Counts(pair.First, kind, valueId) || Counts(pair.Second, kind, valueId))
                + votes.Repeats[kind == VoteKind.Prevote ? 0 : 1]
            : 0;

    /// <summary>Seats that voted at all in that round.</summary>
    public int CountAll(uint round, VoteKind kind) => _rounds.TryGetValue(round, out var votes) ? votes.Of(kind).Count(pair => pair.First is not null) : 0;

    /// <summary>The latest round above <paramref name="round"/> in which more seats than may be Byzantine have voted.</summary>
    public uint? RoundAhead(uint round)
    {
        uint? ahead = null;
        foreach (var (number, votes) in _rounds)
        {
            if (number > round && votes.Seats() > seats.MaxFaults)
            {
                ahead = number;
            }
        }

        return ahead;
    }

    /// <summary>Votes for the value with their seats, in the order of seats.</summary>
    public IEnumerable<(int Seat, Vote Vote)> Of(uint round, VoteKind kind, ReadOnlyMemory<byte> valueId)
    {
        if (!_rounds.TryGetValue(round, out var votes))
        {
            yield break;
        }

        for (var seat = 0; seat < seats.Count; seat++)
        {
            var (first, second) = votes.Of(kind)[seat];
            if (first is not null && Same(first.ValueId, valueId))
            {
                yield return (seat, first);
            }
            else if (second is not null && Same(second.ValueId, valueId))
            {
                yield return (seat, second);
            }
        }
    }

    /// <summary>Forgets rounds below.</summary>
    public void Forget(uint below)
    {
        foreach (var round in _rounds.Keys.Where(round => round < below).ToArray())
        {
            _rounds.Remove(round);
        }
    }

    private bool Counts(Vote? vote, VoteKind kind, ReadOnlyMemory<byte>? valueId) =>
        vote is not null && (Same(vote.ValueId, valueId) || (!rules.TellsNilApart && kind == VoteKind.Precommit && vote.ValueId is null));

    private static bool Same(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) =>
        one.HasValue == other.HasValue && (one is not { } a || a.Span.SequenceEqual(other!.Value.Span));

    private sealed class Round(int seats)
    {
        private readonly (Vote? First, Vote? Second)[] _prevotes = new (Vote?, Vote?)[seats];
        private readonly (Vote? First, Vote? Second)[] _precommits = new (Vote?, Vote?)[seats];

        public int[] Repeats { get; } = new int[2];

        public (Vote? First, Vote? Second)[] Of(VoteKind kind) => kind == VoteKind.Prevote ? _prevotes : _precommits;

        public int Seats() => Enumerable.Range(0, _prevotes.Length).Count(seat => _prevotes[seat].First is not null || _precommits[seat].First is not null);
    }
}
