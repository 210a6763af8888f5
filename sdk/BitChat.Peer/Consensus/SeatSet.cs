using BitChat.Messages;

namespace BitChat.Peer;

/// <summary>The seats of one epoch, 2 to 8.</summary>
public sealed class SeatSet
{
    public const int MinSeats = 2;
    public const int MaxSeats = 8;

    private readonly Seat[] _seats;

    /// <param name="game">The game, 16 bytes.</param>
    /// <param name="epoch">Rises with each change of seats.</param>
    /// <param name="seats">Numbered from 0 without gaps, with keys that differ.</param>
    /// <exception cref="ArgumentException">The seats are not such a set.</exception>
    public SeatSet(ReadOnlyMemory<byte> game, ulong epoch, IEnumerable<Seat> seats)
    {
        ArgumentNullException.ThrowIfNull(seats);
        _seats = [.. seats.OrderBy(seat => seat.Number)];
        if (game.Length != 16)
        {
            throw new ArgumentException("A game id has 16 bytes.", nameof(game));
        }

        if (_seats.Length is < MinSeats or > MaxSeats || _seats.Where((seat, index) => seat.Number != index).Any())
        {
            throw new ArgumentException($"A table has {MinSeats} to {MaxSeats} seats, numbered from 0 without gaps.", nameof(seats));
        }

        if (_seats.Select(seat => Convert.ToHexString(seat.Ed25519Key.Span)).Distinct().Count() != _seats.Length)
        {
            throw new ArgumentException("Two seats have one key.", nameof(seats));
        }

        Game = game;
        Epoch = epoch;
        IsPostQuantum = Array.TrueForAll(_seats, seat => seat.PostQuantumKey is not null);
    }

    public ReadOnlyMemory<byte> Game { get; }

    /// <summary>The seats, by number.</summary>
    public IReadOnlyList<Seat> Seats => _seats;

    /// <summary>True when every seat has an ML-DSA-87 key, so that certificates carry both signatures.</summary>
    public bool IsPostQuantum { get; }

    public ulong Epoch { get; }

    public int Count => _seats.Length;

    /// <summary>⌊2n/3⌋ + 1: two quorums share a seat that is not Byzantine.</summary>
    public int Quorum => (2 * Count / 3) + 1;

    /// <summary>⌊(n − 1)/3⌋: how many seats may be Byzantine.</summary>
    public int MaxFaults => (Count - 1) / 3;

    public Seat this[int number] => _seats[number];

    public bool Contains(int number) => (uint)number < (uint)_seats.Length;

    /// <summary>Who proposes: the seats in turn.</summary>
    public int Proposer(ulong height, uint round) => (int)((height + round) % (ulong)Count);

    /// <summary>The seat of a peer, or null.</summary>
    public int? Find(ReadOnlySpan<byte> peer)
    {
        foreach (var seat in _seats)
        {
            if (seat.Peer.Span.SequenceEqual(peer))
            {
                return seat.Number;
            }
        }

        return null;
    }

    /// <summary>SHA-256 over "BITCHAT1 value" and the value's canonical encoding.</summary>
    public static byte[] IdOf(ProposedValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return LabelledHash.Of("BITCHAT1 value"u8, value);
    }
}
