using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// Takes messages out of opened frames: single ones, those of a batch, and fragmented ones once they are whole (SPEC §1).
/// The counterpart of <see cref="FramePacker"/>. <see cref="Begin"/> with a frame, then <see cref="TryNext"/> until it
/// returns false; then <see cref="Violation"/> tells whether all was well.
/// </summary>
internal sealed class FrameUnpacker(Reassembler reassembler) : IDisposable
{
    private int _offset;
    private int _end;
    private BatchEntry _single;
    private bool _hasSingle;

    /// <summary>What was wrong with the frame; null while all is well.</summary>
    public SessionClose? Violation { get; private set; }

    /// <summary>Bytes held for messages that are not whole.</summary>
    public long ReservedBytes => reassembler.ReservedBytes;

    /// <inheritdoc cref="Reassembler.OldestSince"/>
    public TimeSpan? OldestSince => reassembler.OldestSince;

    /// <summary>True for the header every control message and batch has: kind 0, no exchange, no flag but ENCRYPTED.</summary>
    public static bool IsPlainControl(in FrameHeader header) =>
        header.Kind == FrameKind.OneWay && header.ExchangeId == 0 && header.Flags == FrameFlags.Encrypted;

    /// <summary>Takes a frame that holds messages of an application.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="plaintext">Its plaintext, in memory of <paramref name="arena"/>.</param>
    /// <param name="now">The time.</param>
    /// <param name="arena">Takes over the memory of a message that is whole now.</param>
    /// <returns>Where its messages are.</returns>
    public byte[] Begin(in FrameHeader header, ArraySegment<byte> plaintext, TimeSpan now, ReceiveArena arena)
    {
        Violation = null;
        _hasSingle = false;
        _end = 0;
        _offset = 0;
        if (header.MessageType == FrameCode.Batch)
        {
            if (IsPlainControl(in header))
            {
                _offset = plaintext.Offset;
                _end = plaintext.Offset + plaintext.Count;
            }
            else
            {
                Violation = SessionClose.Violation(SessionCloseReason.MalformedFrame, "A batch has kind 0, no exchange and no flags.");
            }
        }
        else if ((header.Flags & FrameFlags.Fragmented) != 0)
        {
            return AddFragment(in header, plaintext, now, arena);
        }
        else
        {
            SetSingle(in header, plaintext);
        }

        return plaintext.Array!;
    }

    /// <summary>The next message of the frame.</summary>
    /// <param name="buffer">What <see cref="Begin"/> returned.</param>
    /// <param name="message">What it is, and the length of its payload.</param>
    /// <param name="offset">Where its payload begins in <paramref name="buffer"/>.</param>
    public bool TryNext(byte[] buffer, out BatchEntry message, out int offset)
    {
        offset = _offset;
        if (_hasSingle)
        {
            _hasSingle = false;
            message = _single;
            return true;
        }

        if (offset == _end)
        {
            message = default;
            return false;
        }

        if (!BatchEntry.TryRead(buffer.AsSpan(offset, _end - offset), out message))
        {
            Violation = CutOff(_end - offset);
            _end = offset;
            return false;
        }

        offset += BatchEntry.Size;
        _offset = offset + message.Length;
        return true;
    }

    /// <inheritdoc cref="Reassembler.DropSilentSince"/>
    public int DropSilentSince(TimeSpan latest) => reassembler.DropSilentSince(latest);

    public void Dispose() => reassembler.Dispose();

    private static SessionClose CutOff(int left) =>
        SessionClose.Violation(SessionCloseReason.MalformedFrame, $"A batch entry {left} bytes before the end is cut off or not allowed there.");

    private byte[] AddFragment(in FrameHeader header, ArraySegment<byte> plaintext, TimeSpan now, ReceiveArena arena)
    {
        switch (reassembler.Add(in header, plaintext, now, out var buffer, out var length))
        {
            case ReassemblyStatus.Complete:
                arena.Adopt(buffer, length);
                SetSingle(in header, new(buffer, 0, length));
                break;
            case ReassemblyStatus.Inconsistent:
                Violation = SessionClose.Violation(SessionCloseReason.MalformedFrame, $"A fragment of message 0x{header.MessageType:X2} does not fit the others.");
                break;
            case ReassemblyStatus.LimitExceeded:
                Violation = SessionClose.Violation(SessionCloseReason.LimitExceeded, "A fragmented message is over the limits of reassembly.");
                break;
        }

        return buffer;
    }

    private void SetSingle(in FrameHeader header, ArraySegment<byte> payload)
    {
        _single.MessageType = header.MessageType;
        _single.Flags = header.Flags & BatchEntry.AllowedFlags;
        _single.Kind = header.Kind;
        _single.ExchangeId = header.ExchangeId;
        _single.Length = payload.Count;
        _offset = payload.Offset;
        _end = payload.Offset;
        _hasSingle = true;
    }
}
