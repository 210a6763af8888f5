using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>The UDP half: datagrams out, and their timers.</content>
public abstract partial class XtmpSession
{
    /// <summary>A message that asks for an ack goes on the stream after this many datagrams.</summary>
    private const int MaxDatagramAttempts = 4;
    private static readonly TimeSpan MinResendTime = TimeSpan.FromMilliseconds(100);

    /// <summary>Writes the next datagram and where it goes. Returns its length, 0 when there is none.</summary>
    /// <param name="destination">At least <see cref="MaxDatagramBytes"/> bytes.</param>
    /// <param name="to">Where to send it.</param>
    /// <param name="now">The time.</param>
    public int PollDatagram(Span<byte> destination, out PathAddress to, Instant now)
    {
        if (destination.Length < MaxDatagramBytes)
        {
            throw new ArgumentException($"A datagram needs room for {MaxDatagramBytes} bytes.", nameof(destination));
        }

        to = default;
        _now = now;
        if (State is not (SessionState.Established or SessionState.Closing) || _datagrams is not { } half)
        {
            return 0;
        }

        if (half.SendKeys.Blocks + (MaxDatagramBytes / 16) > Limits.MaxBlocksPerKey)
        {
            LoseDatagrams();
            return 0;
        }

        var written = TransmitPath(half, destination, out to);
        if (written == 0 && half.Peer is { } peer && !half.Queue.IsEmpty && half.Rate.TryTake(MaxDatagramBytes, now.Monotonic))
        {
            to = peer;
            written = TransmitMessages(half, destination);
        }

        if (written > 0)
        {
            _counters.DatagramsSent++;
            _counters.FramesSent++;
            _rekeyWanted |= half.SendKeys.Blocks >= Limits.RekeyAfterBlocks;
        }

        return written;
    }

    private int TransmitPath(DatagramHalf half, Span<byte> destination, out PathAddress to)
    {
        to = default;
        if (half.Echo is { } echo)
        {
            half.Echo = null;
            if (TrySpend(half, half.EchoTo))
            {
                to = half.EchoTo;
                return SealPath(half, isResponse: true, echo, destination);
            }
        }

        if (half is { ChallengeDue: true, Candidate: { } candidate })
        {
            half.ChallengeDue = false;
            half.ChallengeRepeatAt = _now.Monotonic + ChallengeInterval;
            if (TrySpend(half, candidate))
            {
                to = candidate;
                return SealPath(half, isResponse: false, half.Challenge, destination);
            }
        }

        return 0;
    }

    // An address that is not validated gets at most three times what came from it (SPEC §3).
    private static bool TrySpend(DatagramHalf half, PathAddress to)
    {
        if (half.Peer == to)
        {
            return true;
        }

        if (half.Candidate != to || half.CandidateBudget < MaxDatagramBytes)
        {
            return false;
        }

        half.CandidateBudget -= MaxDatagramBytes;
        return true;
    }

    private int SealPath(DatagramHalf half, bool isResponse, ReadOnlySpan<byte> challenge, Span<byte> destination)
    {
        Span<byte> payload = stackalloc byte[MaxDatagramBytes - FrameLayout.HeaderSize - half.SendKeys.Overhead];
        PathMessages.Write(payload, isResponse, challenge);
        var header = new FrameHeader { MessageType = FrameCode.Path, SessionId = SessionId };
        return half.SendKeys.Seal(ref header, payload, destination);
    }

    private int TransmitMessages(DatagramHalf half, Span<byte> destination)
    {
        var room = MaxDatagramBytes - FrameLayout.HeaderSize - half.SendKeys.Overhead;
        var records = half.Queue.Head;
        var first = BatchEntry.ReadTrusted(records);
        var length = BatchEntry.Size + first.Length;
        var count = 1;
        NoteDatagram(half, in first, records);
        while (records.Length - length >= BatchEntry.Size)
        {
            var entry = BatchEntry.ReadTrusted(records[length..]);
            if (length + BatchEntry.Size + entry.Length > room)
            {
                break;
            }

            NoteDatagram(half, in entry, records[length..]);
            length += BatchEntry.Size + entry.Length;
            count++;
        }

        var header = count > 1
            ? new FrameHeader { MessageType = FrameCode.Batch, SessionId = SessionId }
            : new FrameHeader { MessageType = first.MessageType, Flags = first.Flags, Kind = first.Kind, ExchangeId = first.ExchangeId, SessionId = SessionId };
        var written = half.SendKeys.Seal(ref header, count > 1 ? records[..length] : records[BatchEntry.Size..length], destination);
        half.Queue.Consume(length);
        _keepAlive.Used(_now.Monotonic);
        return written;
    }

    private void NoteDatagram(DatagramHalf half, in BatchEntry entry, ReadOnlySpan<byte> record)
    {
        if ((entry.Flags & FrameFlags.RequiresAck) == 0 || _awaitingAck?.ContainsKey(entry.ExchangeId) != true)
        {
            return;
        }

        if (!half.Unacked.TryGetValue(entry.ExchangeId, out var message))
        {
            message = new(entry, record.Slice(BatchEntry.Size, entry.Length).ToArray());
            half.Unacked.Add(entry.ExchangeId, message);
        }

        var wait = 2 * (RoundTrip ?? MinResendTime);
        message.ResendAt = _now.Monotonic + (wait > MinResendTime ? wait : MinResendTime);
    }

    private TimeSpan? NextDatagramTime()
    {
        if (_datagrams is not { } half)
        {
            return null;
        }

        var next = Earlier(half.ValidateUntil, half.ChallengeRepeatAt);
        if (half.OldReceiverUntil is { } old)
        {
            next = Earlier(next, old);
        }

        if (half.ReportDue)
        {
            next = Earlier(next, half.NextReportAt);
        }

        if (half.IsReady && !half.Queue.IsEmpty)
        {
            next = Earlier(next, half.Rate.NextTime);
        }

        if (half.Rate.SilentAt(half.SendKeys.Epoch, half.SendKeys.NextSequence) is { } silent)
        {
            next = Earlier(next, silent);
        }

        if (half.Reassembler.OldestStart is { } oldest)
        {
            next = Earlier(next, oldest + Limits.ReassemblyTimeout);
        }

        foreach (var message in half.Unacked.Values)
        {
            next = Earlier(next, message.ResendAt);
        }

        return next == TimeSpan.MaxValue ? null : next;
    }

    private void RunDatagramTimers(TimeSpan time)
    {
        if (_datagrams is not { } half || State == SessionState.Closed)
        {
            return;
        }

        if (time >= half.ValidateUntil || time >= half.Rate.SilentAt(half.SendKeys.Epoch, half.SendKeys.NextSequence))
        {
            LoseDatagrams();
            return;
        }

        if (time >= half.ChallengeRepeatAt)
        {
            half.ChallengeRepeatAt = TimeSpan.MaxValue;
            half.ChallengeDue = half.Candidate is not null && half.CandidateBudget >= MaxDatagramBytes;
        }

        if (half.OldReceiverUntil is { } until && time >= until)
        {
            half.DropOldReceiver();
        }

        _counters.DatagramsDropped += half.Reassembler.DropStartedBy(time - Limits.ReassemblyTimeout);
        if (half.ReportDue && time >= half.NextReportAt)
        {
            SendReport(half, time);
        }

        Resend(half, time);
    }

    private void SendReport(DatagramHalf half, TimeSpan time)
    {
        half.ReportDue = false;
        half.NextReportAt = time + (RoundTrip is { } trip && trip > MinReportInterval ? trip : MinReportInterval);
        Span<byte> report = stackalloc byte[PathMessages.MaxReportLength];
        QueueControl(FrameCode.Path, report[..PathMessages.WriteReport(report, half.Receiver.Keys.Epoch, half.Receiver.Highest, half.Receiver.Received)]);
    }

    private void Resend(DatagramHalf half, TimeSpan time)
    {
        foreach (var (id, message) in half.Unacked)
        {
            if (time < message.ResendAt)
            {
                continue;
            }

            message.ResendAt = TimeSpan.MaxValue;
            if (++message.Attempts > MaxDatagramAttempts)
            {
                // Removing the current entry is allowed while a dictionary is enumerated.
                half.Unacked.Remove(id);
                MoveToStream(message.Entry, message.Body);
                continue;
            }

            message.Body.CopyTo(half.Queue.Reserve(message.Body.Length)[BatchEntry.Size..]);
            half.Queue.Commit(message.Entry);
        }
    }
}
