using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Signed operations that wait to be decided, by seat in rising sequence. Bounded a seat.</summary>
internal sealed class OperationPool
{
    public const int MaxPerSeat = 32;

    /// <summary>Places of a seat's that its player cannot fill: what the seat owes the table always finds room.</summary>
    public const int Reserved = 4;

    /// <summary>How often a seat sends an operation of its own without being asked.</summary>
    private const int MaxSends = 3;

    /// <summary>Heights after which an operation that still cannot be applied is dropped.</summary>
    private const int MaxFailures = 3;

    private readonly List<Entry>[] _bySeat = [.. Enumerable.Range(0, SeatSet.MaxSeats).Select(_ => new List<Entry>())];

    public bool IsEmpty => Array.TrueForAll(_bySeat, static seat => seat.Count == 0);

    /// <summary>The highest sequence held of a seat; 0 for none.</summary>
    public ulong Highest(int seat) => _bySeat[seat].Count == 0 ? 0 : _bySeat[seat][^1].Operation.Sequence;

    public int Count(int seat) => _bySeat[seat].Count;

    public PeerInput Add(int seat, GameOperation operation)
    {
        var entries = _bySeat[seat];
        var index = entries.Count;
        while (index > 0 && entries[index - 1].Operation.Sequence >= operation.Sequence)
        {
            index--;
        }

        if (index < entries.Count && entries[index].Operation.Sequence == operation.Sequence)
        {
            return PeerInput.Duplicate;
        }

        if (entries.Count == MaxPerSeat)
        {
            return PeerInput.TooMany;
        }

        entries.Insert(index, new Entry(operation));
        return PeerInput.Taken;
    }

    public bool Contains(int seat, ulong sequence)
    {
        foreach (var entry in _bySeat[seat])
        {
            if (entry.Operation.Sequence == sequence)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Operations of a seat above a sequence, in order.</summary>
    public IEnumerable<GameOperation> Above(int seat, ulong sequence) => Highest(seat) <= sequence ? [] : _bySeat[seat].Select(entry => entry.Operation).Where(operation => operation.Sequence > sequence);

    /// <summary>Those of a seat that could be applied, by the last sweep or because they are new.</summary>
    public IEnumerable<GameOperation> Ready(int seat) => _bySeat[seat].Count == 0 ? [] : _bySeat[seat].Where(entry => entry.IsReady).Select(entry => entry.Operation);

    /// <summary>Operations of a seat to send once more, in case they were lost; each comes a few times at most.</summary>
    public IEnumerable<GameOperation> ToRepeat(int seat)
    {
        foreach (var entry in _bySeat[seat])
        {
            if (entry.Sends < MaxSends)
            {
                entry.Sends++;
                yield return entry.Operation;
            }
        }
    }

    /// <summary>All of them, a seat after the other from one on.</summary>
    public IEnumerable<GameOperation> From(int firstSeat) => Enumerable.Range(firstSeat, SeatSet.MaxSeats).SelectMany(seat => _bySeat[seat % SeatSet.MaxSeats].Select(entry => entry.Operation));

    /// <summary>After a height: drops what was applied, and what could not be for some heights. Tells of each that is dropped without having been applied.</summary>
    public void Sweep(TableState state, Func<GameOperation, TableFault> assess, Action<int, GameOperation, TableFault> lapsed)
    {
        for (var seat = 0; seat < SeatSet.MaxSeats; seat++)
        {
            if (_bySeat[seat].Count == 0)
            {
                continue;
            }

            var number = seat;
            _bySeat[seat].RemoveAll(entry =>
            {
                if (number < state.Snapshot.Sequences.Count && entry.Operation.Sequence <= state.Snapshot.Sequences[number].Last)
                {
                    return true;
                }

                var fault = assess(entry.Operation);
                entry.IsReady = fault == TableFault.None;
                if (entry.IsReady || ++entry.Failures < MaxFailures)
                {
                    return false;
                }

                lapsed(number, entry.Operation, fault);
                return true;
            });
        }
    }

    /// <summary>True where one could be applied, by the last sweep or because it is new.</summary>
    public bool HasReady => Array.Exists(_bySeat, static seat => seat.Exists(static entry => entry.IsReady));

    /// <summary>Seats have changed: what waits is kept under the new numbers.</summary>
    public void Renumber(SeatSet? seats)
    {
        var all = _bySeat.SelectMany(entries => entries).ToArray();
        Clear();
        foreach (var entry in all)
        {
            if (seats?.Find(entry.Operation.Player.Span) is { } seat)
            {
                _bySeat[seat].Add(entry);
            }
        }
    }

    public void Clear() => Array.ForEach(_bySeat, seat => seat.Clear());

    private sealed class Entry(GameOperation operation)
    {
        public GameOperation Operation { get; } = operation;

        public int Failures { get; set; }

        public int Sends { get; set; } = 1;

        public bool IsReady { get; set; } = true;
    }
}
