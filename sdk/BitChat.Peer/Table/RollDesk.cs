using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>Parts of the roll that is awaited, one a seat.</summary>
internal sealed class RollDesk
{
    private readonly RandomnessReveal?[] _reveals = new RandomnessReveal?[SeatSet.MaxSeats];
    private (ulong Epoch, ulong Roll)? _of;
    private (int Count, byte[]? Value)? _outcome;

    /// <summary>Parts held, a bit a seat.</summary>
    public byte Bits
    {
        get
        {
            var bits = 0;
            for (var seat = 0; seat < _reveals.Length; seat++)
            {
                bits |= _reveals[seat] is null ? 0 : 1 << seat;
            }

            return (byte)bits;
        }
    }

    /// <summary>Parts held, in rising seat.</summary>
    public IReadOnlyList<RandomnessReveal> All => [.. _reveals.OfType<RandomnessReveal>()];

    public RandomnessReveal? this[int seat] => _reveals[seat];

    /// <summary>Forgets the parts of an earlier roll.</summary>
    public void Turn(TableState state)
    {
        var now = (state.Snapshot.Epoch, state.Game.Roll);
        if (_of != now)
        {
            Array.Clear(_reveals);
            _outcome = null;
            _of = now;
        }
    }

    public void Add(RandomnessReveal reveal) => _reveals[reveal.Seat] = reveal;

    /// <summary>The outcome that parts make; computed once, since it takes a multiplication a part.</summary>
    public byte[]? OutcomeOf(IReadOnlyList<RandomnessReveal> parts, Func<byte[]?> compute)
    {
        if (_outcome is null || _outcome.Value.Count != parts.Count)
        {
            _outcome = (parts.Count, compute());
        }

        return _outcome.Value.Value;
    }

    /// <summary>The parts that make the outcome, once there are enough.</summary>
    public IReadOnlyList<RandomnessReveal>? Enough(TableState state)
    {
        if (state.Seats is not { } seats || !state.Game.AwaitsRoll)
        {
            return null;
        }

        var needed = state.UsesCoin ? CoinDealings.Threshold(seats) : seats.Count;
        return System.Numerics.BitOperations.PopCount(Bits) < needed ? null : [.. All.Take(needed)];
    }
}
