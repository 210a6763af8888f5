using System.Buffers;

namespace Xtmp.Protocol;

/// <summary>
/// One message under reassembly. Memory grows with the bytes that have arrived (doubling), never with what a header
/// claims. Parts may come in any order where the transport reorders; the ranges received are kept sorted.
/// </summary>
internal sealed class Reassembly(in FrameHeader first, uint total, TimeSpan since) : IDisposable
{
    private readonly List<(uint Start, uint End)> _ranges = [];
    private byte[] _buffer = [];

    public byte MessageType { get; } = first.MessageType;

    public FrameKind Kind { get; } = first.Kind;

    public ulong ExchangeId { get; } = first.ExchangeId;

    /// <summary>Flags without those of the fragmentation itself.</summary>
    public FrameFlags Flags { get; } = first.Flags & ~(FrameFlags.Fragmented | FrameFlags.LastFragment);

    public uint Total { get; } = total;

    /// <summary>When it began to wait for what it lacks.</summary>
    public TimeSpan Since { get; set; } = since;

    /// <summary>Bytes of memory held.</summary>
    public int Reserved => _buffer.Length;

    public bool IsComplete => _ranges is [{ Start: 0 } only] && only.End == Total;

    /// <summary>Bytes received without a gap from the start; all there is on an ordered transport.</summary>
    public uint Contiguous => _ranges is [{ Start: 0 } first, ..] ? first.End : 0;

    public ReadOnlySpan<byte> Message => _buffer.AsSpan(0, (int)Total);

    public bool Matches(in FrameHeader header, uint total) =>
        header.MessageType == MessageType && header.Kind == Kind && header.ExchangeId == ExchangeId && total == Total
        && (header.Flags & ~(FrameFlags.Fragmented | FrameFlags.LastFragment)) == Flags;

    /// <summary>Adds a part that lies within the total. False when it overlaps one already there.</summary>
    public bool TryAdd(uint offset, ReadOnlySpan<byte> part)
    {
        var end = offset + (uint)part.Length;
        var index = 0;
        while (index < _ranges.Count && _ranges[index].Start < offset)
        {
            index++;
        }

        if ((index > 0 && _ranges[index - 1].End > offset) || (index < _ranges.Count && _ranges[index].Start < end))
        {
            return false;
        }

        Reserve((int)end);
        part.CopyTo(_buffer.AsSpan((int)offset));
        var joinsLeft = index > 0 && _ranges[index - 1].End == offset;
        var joinsRight = index < _ranges.Count && _ranges[index].Start == end;
        if (joinsLeft)
        {
            _ranges[index - 1] = (_ranges[index - 1].Start, joinsRight ? _ranges[index].End : end);
            if (joinsRight)
            {
                _ranges.RemoveAt(index);
            }
        }
        else if (joinsRight)
        {
            _ranges[index] = (offset, _ranges[index].End);
        }
        else
        {
            _ranges.Insert(index, (offset, end));
        }

        return true;
    }

    /// <summary>Hands the buffer over; the caller returns it to the shared pool.</summary>
    public byte[] Detach()
    {
        var buffer = _buffer;
        _buffer = [];
        return buffer;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private void Reserve(int length)
    {
        if (_buffer.Length >= length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Total, Math.Max(length, 2L * _buffer.Length)));
        _buffer.CopyTo(larger, 0);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = larger;
    }
}
