using System.Buffers;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Bytes of the stream out: sealing single messages, batches and fragments.</content>
public abstract partial class XtmpSession
{
    /// <summary>A batch is closed at this size, so that urgent messages need not wait behind a long one.</summary>
    private const int MaxBatchBytes = 32 * 1024;
    private const int MaxBatchEntries = 1024;

    private uint _nextFragmentedMessage;
    private DisconnectReason _disconnectReason;
    private string? _disconnectText;

    /// <summary>
    /// Seals and writes what waits for the stream, about <paramref name="maxBytes"/> at most (a frame that has begun is
    /// written whole); small messages are joined in batches. Returns the bytes written, 0 when there is nothing; after a call that
    /// wrote comes another one, once its bytes are handed on: a server makes the second part of its flight then.
    /// </summary>
    public int PollTransmit(IBufferWriter<byte> output, Instant now, int maxBytes = DefaultTransmitBytes)
    {
        ArgumentNullException.ThrowIfNull(output);
        _now = now;
        var total = _ready.MoveTo(output);
        if (total == 0 && FlightDue)
        {
            CompleteFlight();
            total = _ready.MoveTo(output);
        }

        while (total < maxBytes && State is SessionState.Established or SessionState.Closing)
        {
            var written = TransmitNext(output);
            if (written == 0)
            {
                break;
            }

            total += written;
        }

        _counters.BytesSent += total;
        return total;
    }

    /// <summary>
    /// Closes in order: what is queued goes out, then Disconnect; requests of the peer that are unanswered get no answer.
    /// The Closed event comes when Disconnect has been written, or after 10 s in which the link did not take it all.
    /// </summary>
    public void CloseGracefully(DisconnectReason reason = DisconnectReason.Normal, string? text = null)
    {
        if (State == SessionState.Established)
        {
            State = SessionState.Closing;
            _closingSince = _now.Monotonic;
            _disconnectReason = reason;
            _disconnectText = text;
        }
        else if (State == SessionState.Handshaking)
        {
            Abort(XtmpErrorCode.ConnectionClosed, "Closed during the handshake.");
        }
    }

    /// <summary>Closes at once: what is queued is dropped and nothing is sent.</summary>
    public void Abort(XtmpErrorCode code, string text) =>
        End(new(SessionCloseReason.LocalError, Fault.Local, code, text));

    private int TransmitNext(IBufferWriter<byte> output)
    {
        if (_keepAlive.IsFrameDue)
        {
            return TransmitHeartbeat(output);
        }

        var level = _queue.Next();
        if (level is null)
        {
            return State == SessionState.Closing ? TransmitDisconnect(output) : 0;
        }

        if (level.FragmentOffset > 0)
        {
            return TransmitFragment(level, output);
        }

        var records = level.Head;
        var entry = BatchEntry.ReadTrusted(records);
        if (entry.Length > FrameLayout.MaxPlaintext)
        {
            level.BeginFragments(in entry, _nextFragmentedMessage++);
            return TransmitFragment(level, output);
        }

        if (FrameCode.IsControl(entry.MessageType) || MeasureRun(level, records, out var runLength, in entry) == 1)
        {
            return TransmitSingle(level, in entry, output);
        }

        return TransmitBatch(level, records[..runLength], output);
    }

    /// <summary>How many messages at the head go into one batch, and their bytes with entries.</summary>
    private static int MeasureRun(SendLevel level, ReadOnlySpan<byte> records, out int length, in BatchEntry first)
    {
        length = BatchEntry.Size + first.Length;
        var count = 1;
        NoteSent(level, in first);
        while (count < MaxBatchEntries && records.Length - length >= BatchEntry.Size)
        {
            var entry = BatchEntry.ReadTrusted(records[length..]);
            if (FrameCode.IsControl(entry.MessageType) || length + BatchEntry.Size + entry.Length > MaxBatchBytes)
            {
                break;
            }

            NoteSent(level, in entry);
            length += BatchEntry.Size + entry.Length;
            count++;
        }

        return count;
    }

    private static void NoteSent(SendLevel level, in BatchEntry entry)
    {
        if (entry.Kind == FrameKind.Request)
        {
            level.RequestSent(entry.ExchangeId);
        }
    }

    private int TransmitSingle(SendLevel level, in BatchEntry entry, IBufferWriter<byte> output)
    {
        var header = new FrameHeader
        {
            MessageType = entry.MessageType,
            Flags = entry.Flags,
            Kind = entry.Kind,
            ExchangeId = entry.ExchangeId,
            SessionId = SessionId,
        };
        var written = SealStream(ref header, level.Head.Slice(BatchEntry.Size, entry.Length), output);
        if (written == 0)
        {
            return 0;
        }

        level.Consume(BatchEntry.Size + entry.Length);
        if (entry.MessageType == FrameCode.RekeyAck)
        {
            // The cut is exact: RekeyAck is the last frame of the old epoch.
            SwitchSendKeys();
        }

        return written;
    }

    private int TransmitBatch(SendLevel level, ReadOnlySpan<byte> run, IBufferWriter<byte> output)
    {
        var header = new FrameHeader { MessageType = FrameCode.Batch, SessionId = SessionId };
        var written = SealStream(ref header, run, output);
        if (written > 0)
        {
            level.Consume(run.Length);
        }

        return written;
    }

    // The 12 bytes before a part are those of the message's entry, or of the part before it, which has been sent: the
    // fragment header takes their place, so that header and part are sealed in one piece without a copy.
    private int TransmitFragment(SendLevel level, IBufferWriter<byte> output)
    {
        var entry = level.FragmentEntry;
        var offset = level.FragmentOffset;
        var part = Math.Min(FrameLayout.MaxPlaintext - FragmentHeader.Size, entry.Length - offset);
        var isLast = offset + part == entry.Length;
        var plaintext = level.Head.Slice(BatchEntry.Size + offset - FragmentHeader.Size, FragmentHeader.Size + part);
        new FragmentHeader(level.FragmentNumber, (uint)entry.Length, (uint)offset).Write(plaintext);
        var header = new FrameHeader
        {
            MessageType = entry.MessageType,
            Flags = entry.Flags | FrameFlags.Fragmented | (isLast ? FrameFlags.LastFragment : FrameFlags.None),
            Kind = entry.Kind,
            ExchangeId = entry.ExchangeId,
            SessionId = SessionId,
        };
        var written = SealStream(ref header, plaintext, output);
        if (written == 0)
        {
            return 0;
        }

        if (isLast)
        {
            NoteSent(level, in entry);
            level.Consume(BatchEntry.Size + entry.Length);
        }
        else
        {
            level.AdvanceFragment(part);
        }

        return written;
    }

    private int TransmitDisconnect(IBufferWriter<byte> output)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var header = new FrameHeader { MessageType = FrameCode.Disconnect, SessionId = SessionId };
        var written = SealStream(ref header, payload[..ControlMessages.WriteDisconnect(payload, _disconnectReason, _disconnectText)], output);
        var reason = _disconnectReason == DisconnectReason.IdleTimeout ? SessionCloseReason.IdleTimeout : SessionCloseReason.LocalClose;
        var code = _disconnectReason switch
        {
            DisconnectReason.IdleTimeout => XtmpErrorCode.IdleTimeout,
            DisconnectReason.ShuttingDown => XtmpErrorCode.ShuttingDown,
            _ => XtmpErrorCode.ConnectionClosed,
        };
        End(new(reason, Fault.Local, code, $"Closed by this end: {_disconnectReason}."));
        return written;
    }

    private int SealStream(ref FrameHeader header, ReadOnlySpan<byte> plaintext, IBufferWriter<byte> output)
    {
        var keys = _sendKeys!;
        if (keys.Blocks + (ulong)(plaintext.Length / 16) + 2 > Limits.MaxBlocksPerKey)
        {
            Fail(SessionCloseReason.KeyExhausted, XtmpErrorCode.KeyLimitReached, "This end's key has reached its limit and was not renewed in time.", Fault.Local);
            return 0;
        }

        var total = FrameLayout.HeaderSize + plaintext.Length + keys.Overhead;
        var written = keys.Seal(ref header, plaintext, output.GetSpan(total));
        output.Advance(written);
        _counters.FramesSent++;
        if (keys.Blocks >= Limits.RekeyAfterBlocks)
        {
            _rekeyWanted = true;
        }

        if (!FrameCode.IsControl(header.MessageType) || header.MessageType == FrameCode.Batch)
        {
            _keepAlive.Used(_now.Monotonic);
        }

        return written;
    }

    private void QueueControl(byte code, ReadOnlySpan<byte> payload) =>
        Enqueue(_queue.Control, code, FrameKind.OneWay, 0, FrameFlags.None, new(payload));
}
