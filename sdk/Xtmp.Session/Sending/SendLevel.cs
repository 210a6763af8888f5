using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Messages of one priority waiting to be sealed, first in, first out. Each is stored as a batch entry (14 bytes, then the
/// payload), so that a run of small messages is the plaintext of a batch as it lies in memory, and is sealed from there
/// without a copy.
/// </summary>
internal sealed class SendLevel : IDisposable
{
    private const int FirstSegmentSize = 4 * 1024;
    private const int SegmentSize = 32 * 1024;
    private SendSegment? _head;
    private SendSegment? _tail;
    private const int MaxSpares = 4;
    private SendSegment? _spares;
    private int _spareCount;

    /// <summary>Bytes of payload and entries waiting.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => Bytes == 0;

    /// <summary>Offset into the head message's payload up to which its fragments were sent; 0 when none was.</summary>
    public int FragmentOffset { get; private set; }

    /// <summary>Number of the head message among fragmented messages, once its first fragment was sent.</summary>
    public uint FragmentNumber { get; private set; }

    /// <summary>The head message's entry, kept apart once its fragments overwrite it.</summary>
    public BatchEntry FragmentEntry { get; private set; }

    /// <summary>Times another level was served while this one waited.</summary>
    public int PassedOver { get; set; }

    /// <summary>Requests waiting.</summary>
    public int WaitingRequests { get; private set; }

    /// <summary>An exchange id not above that of any request waiting.</summary>
    public ulong OldestRequest { get; private set; }

    public void RequestQueued(ulong exchangeId)
    {
        if (WaitingRequests++ == 0)
        {
            OldestRequest = exchangeId;
        }
    }

    /// <summary>A request has left; those behind it were made later.</summary>
    public void RequestSent(ulong exchangeId)
    {
        WaitingRequests--;
        OldestRequest = exchangeId;
    }

    /// <summary>Room for a message of up to <paramref name="payload"/> bytes: entry, then payload.</summary>
    public Span<byte> Reserve(int payload)
    {
        var needed = BatchEntry.Size + payload;
        if (_tail is null || _tail.Room < needed)
        {
            var segment = TakeSpare() ?? new SendSegment();
            segment.Rent(Math.Max(needed, _tail is null ? FirstSegmentSize : SegmentSize));
            if (_tail is null)
            {
                _head = segment;
            }
            else
            {
                _tail.Next = segment;
            }

            _tail = segment;
        }

        return _tail.Buffer.AsSpan(_tail.End, needed);
    }

    /// <summary>Adds what was written to the reserved room; returns its bytes, entry included.</summary>
    /// <param name="entry">What it is; its own length does not count.</param>
    /// <param name="length">Bytes of payload.</param>
    public int Commit(in BatchEntry entry, int length)
    {
        var tail = _tail!;
        entry.Write(tail.Buffer.AsSpan(tail.End), length);
        var size = BatchEntry.Size + length;
        tail.End += size;
        Bytes += size;
        return size;
    }

    /// <summary>The head segment's records.</summary>
    public Span<byte> Head => _head!.Buffer.AsSpan(_head.Start, _head.End - _head.Start);

    public void BeginFragments(in BatchEntry entry, uint number)
    {
        FragmentEntry = entry;
        FragmentNumber = number;
    }

    public void AdvanceFragment(int part) => FragmentOffset += part;

    /// <summary>Removes <paramref name="length"/> bytes of whole records from the head.</summary>
    public void Consume(int length)
    {
        FragmentOffset = 0;
        Bytes -= length;
        _head!.Start += length;
        if (_head.Start == _head.End)
        {
            ReleaseHead();
        }
    }

    public void Dispose()
    {
        while (_head is not null)
        {
            ReleaseHead();
        }

        Bytes = 0;
        FragmentOffset = 0;
        WaitingRequests = 0;
    }

    private void ReleaseHead()
    {
        var head = _head!;
        _head = head.Next;
        if (_head is null)
        {
            _tail = null;
        }

        head.Release();
        if (_spareCount < MaxSpares)
        {
            head.Next = _spares;
            _spares = head;
            _spareCount++;
        }
    }

    private SendSegment? TakeSpare()
    {
        var spare = _spares;
        if (spare is not null)
        {
            _spares = spare.Next;
            _spareCount--;
        }

        return spare;
    }
}
