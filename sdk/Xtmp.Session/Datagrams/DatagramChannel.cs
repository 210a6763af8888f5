using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// A session's datagrams (SPEC §3): opened and sealed under keys of their own, sent where the path says and as fast as the
/// rate allows, repeated until they are acknowledged where the message asks for that. Knows no exchanges and no stream:
/// what has to go on the stream comes out of <see cref="TryTakeForStream"/>.
/// </summary>
internal sealed class DatagramChannel : IDisposable
{
    /// <summary>Largest message under reassembly: larger ones belong on the stream.</summary>
    public const int MaxMessageBytes = 64 * 1024;

    /// <summary>A message that asks for an ack goes on the stream after this many datagrams.</summary>
    private const int MaxAttempts = 4;
    private const int DatagramBytes = XtmpSession.MaxDatagramBytes;
    private static readonly TimeSpan MinReportInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MinResendTime = TimeSpan.FromMilliseconds(100);

    private readonly PeerRole _role;
    private readonly SessionLimits _limits;
    private readonly ulong _sessionId;
    private readonly DatagramKeys _keys;
    private readonly DatagramPath _path;
    private readonly DatagramRate _rate;
    private readonly Dictionary<ulong, UnackedMessage> _unacked = [];
    private readonly Queue<UnackedMessage> _forStream = [];
    private bool _reportDue;
    private TimeSpan _nextReportAt;
    private int _forged;

    public DatagramChannel(PeerRole role, SessionLimits limits, IEntropy entropy, ulong sessionId, TrafficKeys send, TrafficKeys receive, TimeSpan now)
    {
        _role = role;
        _limits = limits;
        _sessionId = sessionId;
        _keys = new(send, receive);
        _path = new(role, entropy);
        _rate = new(now);
        Unpacker = new(new Reassembler(ordered: false, Math.Min(limits.MaxMessageBytes, MaxMessageBytes), 8 * MaxMessageBytes, limits.MaxReassemblies));
    }

    /// <summary>Puts messages together that came in several datagrams.</summary>
    public FrameUnpacker Unpacker { get; }

    /// <summary>Messages that wait for a datagram, compressed and padded as they are to be sent.</summary>
    public SendLevel Queue { get; } = new();

    /// <summary>Where datagrams go; set once validated.</summary>
    public PathAddress? Peer => _path.Peer;

    public bool IsReady => Peer is not null;

    /// <summary>False where <see cref="Write"/> would find nothing.</summary>
    public bool MayWrite => _path.IsDue || !Queue.IsEmpty;

    /// <summary>The path is given up for good: take what <see cref="TryTakeForStream"/> has, and dispose of the channel.</summary>
    public bool IsLost { get; private set; }

    /// <inheritdoc cref="DatagramRate.Loss"/>
    public double? Loss => _rate.Loss;

    /// <summary>True once a key has protected so much that it is to be renewed.</summary>
    public bool IsRenewalDue => _keys.Send.Blocks >= _limits.RekeyAfterBlocks || _keys.Receiver.Keys.Blocks >= _limits.RekeyAfterBlocks;

    private int Room => DatagramBytes - FrameLayout.HeaderSize - _keys.Send.Overhead;

    /// <summary>A client begins to look for its path; does nothing at a server, which waits for the client.</summary>
    public void Open(PathAddress remote, TimeSpan now)
    {
        if (!IsReady && _role == PeerRole.Client)
        {
            _path.Open(remote, now);
        }
    }

    /// <summary>True where the path is there and a message of this length, padding included, fits a datagram.</summary>
    public bool Takes(int length) => IsReady && length <= Room - BatchEntry.Size;

    /// <summary>Both ends have new secrets: a client sends under them at once.</summary>
    public void Renew(TrafficKeys send, TrafficKeys receive) => _keys.Renew(send, receive, sendAtOnce: _role == PeerRole.Client);

    /// <summary>Takes the next frame of a datagram. Everything up to the tag touches no state.</summary>
    /// <param name="datagram">What is left of the datagram; moved on past a frame that was opened.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="datagramLength">Length of the whole datagram.</param>
    /// <param name="arena">Memory for the plaintext.</param>
    /// <param name="now">The time.</param>
    /// <param name="roundTrip">The session's round trip, if it is known.</param>
    /// <param name="header">The frame's header.</param>
    /// <param name="plaintext">The frame's plaintext, kept in the arena.</param>
    public DatagramStatus TryOpen(
        ref ReadOnlySpan<byte> datagram, PathAddress from, int datagramLength, ReceiveArena arena, TimeSpan now, TimeSpan? roundTrip,
        out FrameHeader header, out ArraySegment<byte> plaintext)
    {
        plaintext = default;
        header = default;
        if (datagram.Length < FrameLayout.HeaderSize
            || FrameHeader.TryRead(datagram, datagram.Length - FrameLayout.HeaderSize, out header) != FrameStatus.Ok
            || header.SessionId != _sessionId
            || _keys.Find(in header) is not { } receiver
            || receiver.IsReplay(header.Sequence)
            || receiver.Keys.PlaintextLength(in header) is var length && length < 0)
        {
            return DatagramStatus.Dropped;
        }

        var frame = datagram[..(FrameLayout.HeaderSize + header.PayloadLength)];
        plaintext = arena.Reserve(length);
        if (!receiver.Keys.TryOpen(in header, frame, plaintext))
        {
            // Every try gives a forger one more chance of 2^-128, and whoever sees the path can make many: they are bounded.
            if (++_forged >= _limits.MaxFailedDatagrams)
            {
                Lose();
            }

            return DatagramStatus.Forged;
        }

        arena.Keep(length);
        datagram = datagram[frame.Length..];
        var isCurrent = ReferenceEquals(receiver, _keys.Receiver);
        var isNewest = receiver.Commit(header.Sequence) && isCurrent;
        _reportDue = true;
        if (isCurrent)
        {
            _keys.NewEpochHeard(now, roundTrip);
        }

        _path.Heard(from, isNewest, datagramLength);
        return DatagramStatus.Opened;
    }

    /// <summary>
    /// A control message in a datagram: Path, or a heartbeat that keeps the path's address translation alive. False where it
    /// is neither, or malformed; <paramref name="isReady"/> where it made the path.
    /// </summary>
    public bool TryHandleControl(in FrameHeader header, ReadOnlySpan<byte> payload, PathAddress from, out bool isReady)
    {
        isReady = false;
        if (!FrameUnpacker.IsPlainControl(in header) || header.MessageType is not (FrameCode.Path or FrameCode.Heartbeat))
        {
            return false;
        }

        if (header.MessageType == FrameCode.Heartbeat)
        {
            return ControlMessages.TryReadHeartbeat(payload, out _, out _);
        }

        if (!PathMessages.TryRead(payload, out var isResponse, out var challenge))
        {
            return false;
        }

        if (isResponse)
        {
            isReady = _path.Answered(challenge, from);
        }
        else
        {
            _path.Challenged(challenge, from);
        }

        return true;
    }

    /// <summary>The receiver's report, which came on the stream. False where it is malformed.</summary>
    public bool TryHandleReport(ReadOnlySpan<byte> payload, TimeSpan now)
    {
        if (!PathMessages.TryReadReport(payload, out var epoch, out var highest, out var received))
        {
            return false;
        }

        if (epoch == _keys.Send.Epoch && highest < _keys.Send.NextSequence)
        {
            _rate.Reported(epoch, highest, received, now);
        }

        return true;
    }

    /// <summary>This end's report for the stream; 0 where none is due.</summary>
    public int WriteReport(Span<byte> destination, TimeSpan now, TimeSpan? roundTrip)
    {
        if (!_reportDue || now < _nextReportAt)
        {
            return 0;
        }

        _reportDue = false;
        _nextReportAt = now + (roundTrip is { } trip && trip > MinReportInterval ? trip : MinReportInterval);
        var receiver = _keys.Receiver;
        return PathMessages.WriteReport(destination, receiver.Keys.Epoch, receiver.Highest, receiver.Received);
    }

    /// <summary>A message of <see cref="Queue"/> asks for an ack: it is repeated until <see cref="Acknowledged"/>.</summary>
    public void Track(ulong exchangeId) => _unacked.Add(exchangeId, new UnackedMessage());

    public void Acknowledged(ulong exchangeId) => _unacked.Remove(exchangeId);

    /// <summary>Writes the next datagram and where it goes. Returns its length, 0 when there is none.</summary>
    public int Write(Span<byte> destination, TimeSpan now, TimeSpan? roundTrip, out PathAddress to, out bool carriesMessages)
    {
        (to, carriesMessages) = (default, false);
        if (_keys.Send.Blocks + (DatagramBytes / 16) > _limits.MaxBlocksPerKey)
        {
            Lose();
            return 0;
        }

        Span<byte> challenge = stackalloc byte[PathMessages.ChallengeSize];
        if (_path.TryTake(now, challenge, out var isResponse, out to))
        {
            Span<byte> payload = stackalloc byte[Room];
            PathMessages.Write(payload, isResponse, challenge);
            var header = new FrameHeader { MessageType = FrameCode.Path, SessionId = _sessionId };
            return _keys.Send.Seal(ref header, payload, destination);
        }

        if (Peer is not { } peer || Queue.IsEmpty || !_rate.TryTake(DatagramBytes, now))
        {
            return 0;
        }

        to = peer;
        carriesMessages = true;
        var written = WriteMessages(destination, now, roundTrip);
        _rate.Return(DatagramBytes - written);
        return written;
    }

    /// <summary>When <see cref="HandleTimeout"/> or <see cref="Write"/> has something to do; null: nothing is waited for.</summary>
    public TimeSpan? NextTime()
    {
        var next = Earlier(_path.NextTime, _keys.PreviousUntil);
        if (_reportDue)
        {
            next = Earlier(next, _nextReportAt);
        }

        if (IsReady && !Queue.IsEmpty)
        {
            next = Earlier(next, _rate.NextTime);
        }

        next = Earlier(next, _rate.SilentAt(_keys.Send.Epoch, _keys.Send.NextSequence));
        next = Earlier(next, Unpacker.OldestSince + _limits.ReassemblyTimeout);
        foreach (var message in _unacked.Values)
        {
            next = Earlier(next, message.ResendAt);
        }

        return next == TimeSpan.MaxValue ? null : next;
    }

    /// <summary>Runs what is due; returns how many messages were dropped because parts of them never came.</summary>
    public int HandleTimeout(TimeSpan time)
    {
        if (!_path.HandleTimeout(time) || time >= _rate.SilentAt(_keys.Send.Epoch, _keys.Send.NextSequence))
        {
            Lose();
            return 0;
        }

        _keys.HandleTimeout(time);
        Resend(time);
        return Unpacker.DropSilentSince(time - _limits.ReassemblyTimeout);
    }

    /// <summary>A message, as it is to be sent, that datagrams do not carry any more.</summary>
    public bool TryTakeForStream(out BatchEntry entry, out byte[] body)
    {
        var any = _forStream.TryDequeue(out var message);
        (entry, body) = any ? (message!.Entry, message.Body!) : (default, []);
        return any;
    }

    public void Dispose()
    {
        _keys.Dispose();
        Unpacker.Dispose();
        Queue.Dispose();
        _unacked.Clear();
        _forStream.Clear();
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan? b) => b is { } other && other < a ? other : a;

    private void Lose()
    {
        IsLost = true;
        while (!Queue.IsEmpty)
        {
            var entry = BatchEntry.ReadTrusted(Queue.Head);
            _forStream.Enqueue(new UnackedMessage { Entry = entry, Body = Queue.Head.Slice(BatchEntry.Size, entry.Length).ToArray() });
            Queue.Consume(BatchEntry.Size + entry.Length);

            // A repetition that waits in the queue is the message itself.
            _unacked.Remove(entry.ExchangeId);
        }

        foreach (var message in _unacked.Values)
        {
            _forStream.Enqueue(message);
        }

        _unacked.Clear();
    }

    private int WriteMessages(Span<byte> destination, TimeSpan now, TimeSpan? roundTrip)
    {
        var records = Queue.Head;
        var first = BatchEntry.ReadTrusted(records);
        var length = BatchEntry.Size + first.Length;
        var count = 1;
        NoteSent(in first, records, now, roundTrip);
        while (records.Length - length >= BatchEntry.Size)
        {
            var entry = BatchEntry.ReadTrusted(records[length..]);
            if (length + BatchEntry.Size + entry.Length > Room)
            {
                break;
            }

            NoteSent(in entry, records[length..], now, roundTrip);
            length += BatchEntry.Size + entry.Length;
            count++;
        }

        var header = count > 1
            ? new FrameHeader { MessageType = FrameCode.Batch, SessionId = _sessionId }
            : new FrameHeader { MessageType = first.MessageType, Flags = first.Flags, Kind = first.Kind, ExchangeId = first.ExchangeId, SessionId = _sessionId };
        var written = _keys.Send.Seal(ref header, count > 1 ? records[..length] : records[BatchEntry.Size..length], destination);
        Queue.Consume(length);
        return written;
    }

    private void NoteSent(in BatchEntry entry, ReadOnlySpan<byte> record, TimeSpan now, TimeSpan? roundTrip)
    {
        if ((entry.Flags & FrameFlags.RequiresAck) == 0 || !_unacked.TryGetValue(entry.ExchangeId, out var message))
        {
            return;
        }

        if (message.Body is null)
        {
            message.Entry = entry;
            message.Body = record.Slice(BatchEntry.Size, entry.Length).ToArray();
        }

        var wait = 2 * (roundTrip ?? MinResendTime);
        message.ResendAt = now + (wait > MinResendTime ? wait : MinResendTime);
    }

    private void Resend(TimeSpan time)
    {
        foreach (var (id, message) in _unacked)
        {
            if (time < message.ResendAt)
            {
                continue;
            }

            message.ResendAt = TimeSpan.MaxValue;
            if (++message.Attempts > MaxAttempts)
            {
                // Removing the current entry is allowed while a dictionary is enumerated.
                _unacked.Remove(id);
                _forStream.Enqueue(message);
                continue;
            }

            message.Body.CopyTo(Queue.Reserve(message.Body!.Length)[BatchEntry.Size..]);
            Queue.Commit(message.Entry, message.Body.Length);
        }
    }
}
