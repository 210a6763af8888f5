using BitChat.Messages;
using Xtmp.Protocol;

namespace BitChat.Peer;

/// <summary>
/// Messages of the height or the roll after the one that this peer is at, kept until it is there. Messages overtake one another:
/// who decides first speaks of the next height before the others have heard what decided this one, and what they then refused
/// they would have to be told again when their turn of gossip comes. Bounded a seat.
/// </summary>
internal sealed class EarlyMessages
{
    public const int MaxPerSeat = 8;
    public const int MaxBytesPerSeat = 128 * 1_024;

    private readonly List<(int Seat, int Size, ConsensusMessage Message)> _kept = [];

    public int Count => _kept.Count;

    /// <summary>Keeps it, unless the seat has no room; then gossip repairs. Of what the seat signed itself only that: others may send it again, in another envelope.</summary>
    public void Add(int seat, ConsensusMessage message)
    {
        if (MessageGate.IsSelfSigned(message.Payload))
        {
            message = message with { UnknownFields = null, Payload = message.Payload is ConsensusPayload.VoteArm { Value: var vote } ? ConsensusMessages.Plain(vote) : message.Payload };
        }

        var payload = EncodedOperation.Of(message.Payload);
        var size = message.GetEncodedSize();
        var (count, bytes) = (0, size);
        foreach (var kept in _kept)
        {
            if (kept.Seat == seat && EncodedOperation.Of(kept.Message.Payload).AsSpan().SequenceEqual(payload))
            {
                return;
            }

            count += kept.Seat == seat ? 1 : 0;
            bytes += kept.Seat == seat ? kept.Size : 0;
        }

        if (count < MaxPerSeat && bytes <= MaxBytesPerSeat)
        {
            _kept.Add((seat, size, message));
        }
    }

    /// <summary>All of them, in the order in which they came.</summary>
    public IReadOnlyList<(int Seat, ConsensusMessage Message)> Take()
    {
        (int, ConsensusMessage)[] taken = [.. _kept.Select(kept => (kept.Seat, kept.Message))];
        _kept.Clear();
        return taken;
    }
}
