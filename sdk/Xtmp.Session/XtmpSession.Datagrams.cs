using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>The UDP half: datagrams in, and their routing.</content>
public abstract partial class XtmpSession
{
    private static readonly TimeSpan PathValidationTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ChallengeInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MinReportInterval = TimeSpan.FromMilliseconds(50);

    private DatagramHalf? _datagrams;
    private bool _datagramsWereUsed;

    /// <summary>True while messages that prefer it go by datagram.</summary>
    public bool AreDatagramsReady => _datagrams?.IsReady == true;

    /// <summary>Where datagrams go, once that path is validated.</summary>
    public PathAddress? DatagramPeer => _datagrams?.Peer;

    private long DatagramQueueBytes => _datagrams?.Queue.Bytes ?? 0;

    private Reassembler DatagramReassembler => _datagrams!.Reassembler;

    /// <summary>
    /// Starts the UDP half. A client sends its first datagram to <paramref name="remote"/>; a server waits for it and
    /// need not call this. Does nothing where the ends did not both ask for datagrams
    /// (<see cref="SessionOptions.EnableDatagrams"/>).
    /// </summary>
    public void OpenDatagrams(PathAddress remote, Instant now)
    {
        _now = now;
        if (State != SessionState.Established || _datagrams is not { IsReady: false } half || Role == PeerRole.Server)
        {
            return;
        }

        // The client chose the address itself, so that nothing bounds what it may send there.
        BeginPath(half, remote, long.MaxValue);
        half.ValidateUntil = now.Monotonic + PathValidationTime;
    }

    /// <summary>Takes one datagram. Whatever is wrong with it, it is dropped and counted.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, PathAddress from, Instant now)
    {
        _now = now;
        _counters.DatagramsReceived++;
        var length = datagram.Length;
        if (length > MaxDatagramBytes || datagram.IsEmpty)
        {
            _counters.DatagramsDropped++;
            return;
        }

        while (!datagram.IsEmpty)
        {
            if (State is not (SessionState.Established or SessionState.Closing) || _datagrams is null || !TryTakeFrame(ref datagram, from, length))
            {
                _counters.DatagramsDropped++;
                return;
            }
        }
    }

    // Everything up to the tag touches no state but the drop counter.
    private bool TryTakeFrame(ref ReadOnlySpan<byte> datagram, PathAddress from, int datagramLength)
    {
        var half = _datagrams!;
        if (datagram.Length < FrameLayout.HeaderSize
            || FrameHeader.TryRead(datagram, datagram.Length - FrameLayout.HeaderSize, out var header) != FrameStatus.Ok
            || header.SessionId != SessionId
            || half.Find(in header) is not { } receiver
            || receiver.IsReplay(header.Sequence)
            || receiver.Keys.PlaintextLength(in header) is var length && length < 0)
        {
            return false;
        }

        var frame = datagram[..(FrameLayout.HeaderSize + header.PayloadLength)];
        var plaintext = _arena.Reserve(length);
        if (!receiver.Keys.TryOpen(in header, frame, plaintext))
        {
            // Every try gives a forger one more chance of 2^-128, and whoever sees the path can make many: they are bounded.
            if (++_counters.DatagramsForged >= Limits.MaxFailedDatagrams)
            {
                LoseDatagrams();
            }

            return false;
        }

        _arena.Keep(length);
        datagram = datagram[frame.Length..];
        var isNewest = receiver.Commit(header.Sequence) && ReferenceEquals(receiver, half.Receiver);
        _counters.FramesReceived++;
        _keepAlive.Heard(_now.Monotonic);
        half.ReportDue = true;
        if (receiver.Keys.Blocks >= Limits.RekeyAfterBlocks)
        {
            _rekeyWanted = true;
        }

        if (ReferenceEquals(receiver, half.Receiver))
        {
            half.NewEpochHeard(_now.Monotonic, RoundTrip);
        }

        NotePath(half, from, isNewest, datagramLength);
        _datagramSource = from;
        HandleRecord(in header, plaintext, isDatagram: true);
        return true;
    }

    private PathAddress _datagramSource;

    // A server follows its client to another address only after that address has answered a challenge.
    private void NotePath(DatagramHalf half, PathAddress from, bool isNewest, int length)
    {
        if (Role == PeerRole.Client || half.Peer == from)
        {
            return;
        }

        if (half.Candidate == from)
        {
            half.CandidateBudget += 3L * length;
        }
        else if (isNewest)
        {
            BeginPath(half, from, 3L * length);
        }
    }

    private void BeginPath(DatagramHalf half, PathAddress address, long budget)
    {
        Span<byte> challenge = stackalloc byte[PathMessages.ChallengeSize];
        Entropy.Fill(challenge);
        half.BeginCandidate(address, challenge, budget);
    }

    private void HandlePath(ReadOnlySpan<byte> payload, bool isDatagram)
    {
        if (!isDatagram)
        {
            HandleReport(payload);
            return;
        }

        if (_datagrams is not { } half || !PathMessages.TryRead(payload, out var isResponse, out var challenge))
        {
            _counters.DatagramsDropped++;
        }
        else if (!isResponse)
        {
            half.Echo = challenge.ToArray();
            half.EchoTo = _datagramSource;
        }
        else if (half.Candidate == _datagramSource && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(challenge, half.Challenge))
        {
            var wasReady = half.IsReady;
            half.Peer = half.Candidate;
            half.ValidateUntil = TimeSpan.MaxValue;
            half.EndCandidate();
            if (!wasReady)
            {
                AddDetailEvent(SessionEventKind.DatagramsReady, null);
            }
        }
    }

    private void HandleReport(ReadOnlySpan<byte> payload)
    {
        if (!_datagramsWereUsed)
        {
            Fail(SessionCloseReason.UnexpectedMessage, XtmpErrorCode.ProtocolViolation, "A path message on the stream of a session without a UDP half.");
        }
        else if (!PathMessages.TryReadReport(payload, out var epoch, out var highest, out var received))
        {
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A receiver's report is malformed.");
        }
        else if (_datagrams is { } half && epoch == half.SendKeys.Epoch && highest < half.SendKeys.NextSequence)
        {
            half.Rate.Reported(epoch, highest, received, _now.Monotonic);
        }
    }

    /// <summary>Both ends asked for datagrams: keys are made, the path is opened by the client.</summary>
    private protected void EnableDatagrams()
    {
        var send = Role == PeerRole.Client ? "c udp"u8 : "s udp"u8;
        var receive = Role == PeerRole.Client ? "s udp"u8 : "c udp"u8;
        _datagrams = new(DeriveKeys(send, Epoch), DeriveKeys(receive, Epoch), Limits, _now.Monotonic);
        _datagramsWereUsed = true;
    }

    private void DatagramKeysRenewed()
    {
        if (_datagrams is null)
        {
            return;
        }

        var isClient = Role == PeerRole.Client;
        _datagrams.Renew(
            DeriveKeys(isClient ? "c udp"u8 : "s udp"u8, Epoch + 1),
            DeriveKeys(isClient ? "s udp"u8 : "c udp"u8, Epoch + 1),
            sendAtOnce: isClient);
    }

    /// <summary>Messages that prefer datagrams and fit one take them; the others go on the stream.</summary>
    private SendLevel RouteOf(TransportClass transport, MessagePriority priority, int length) =>
        transport == TransportClass.Fast && _datagrams is { IsReady: true } half
        && length + Options.Padding.PaddingFor(length) <= DatagramRoom(half)
            ? half.Queue
            : _queue.Level(priority);

    private static int DatagramRoom(DatagramHalf half) => MaxDatagramBytes - FrameLayout.HeaderSize - half.SendKeys.Overhead - BatchEntry.Size;

    private void Acknowledged(ulong exchangeId) => _datagrams?.Unacked.Remove(exchangeId);

    /// <summary>UDP is given up: what waits for it goes on the stream.</summary>
    private void LoseDatagrams()
    {
        if (_datagrams is not { } half)
        {
            return;
        }

        _datagrams = null;
        while (!half.Queue.IsEmpty)
        {
            var records = half.Queue.Head;
            var entry = BatchEntry.ReadTrusted(records);
            MoveToStream(entry, records.Slice(BatchEntry.Size, entry.Length));
            half.Queue.Consume(BatchEntry.Size + entry.Length);
        }

        foreach (var message in half.Unacked.Values)
        {
            MoveToStream(message.Entry, message.Body);
        }

        half.Dispose();
        AddDetailEvent(SessionEventKind.DatagramsLost, null);
    }

    private void MoveToStream(BatchEntry entry, ReadOnlySpan<byte> body)
    {
        var level = _queue.Level(PriorityOf(entry.Flags));
        body.CopyTo(level.Reserve(body.Length)[BatchEntry.Size..]);
        level.Commit(in entry);
    }

    private void DisposeDatagrams()
    {
        _datagrams?.Dispose();
        _datagrams = null;
    }
}
