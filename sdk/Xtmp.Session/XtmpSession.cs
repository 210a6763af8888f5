using System.Buffers;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// One end of an XTMP session: bytes and time in, bytes and events out, nothing else touched. Not safe for concurrent
/// use; the owner serialises all calls.
/// <para>
/// Drain rule: after any Handle… or Send… call, call <see cref="PollEvent"/> until it returns false, then
/// <see cref="PollTransmit"/> until it returns 0 (as long as the link takes bytes) and, with datagrams,
/// <see cref="PollDatagram"/> until it returns 0, and <see cref="PollEvent"/> once more; then wait for input, for work, or
/// until <see cref="PollTimeout"/>, and at that time call <see cref="HandleTimeout"/>. Calling any of them too often does
/// no harm.
/// </para>
/// <para>
/// Nothing a peer sends makes a Handle… or Poll… call throw: a violation ends the session with a
/// <see cref="SessionEventKind.Closed"/> event. Send… calls throw <see cref="XtmpException"/> with
/// <see cref="Fault.Local"/> for wrong use, and with the close's own code once the session is over.
/// </para>
/// </summary>
public abstract partial class XtmpSession : IDisposable
{
    /// <summary>Default bound of one <see cref="PollTransmit"/>.</summary>
    public const int DefaultTransmitBytes = 256 * 1024;

    /// <summary>Largest datagram, in bytes (SPEC §3).</summary>
    public const int MaxDatagramBytes = 1200;

    /// <summary>How long a closing session tries to get rid of what is queued.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private readonly FrameAssembler _assembler = new();
    private readonly EventQueue _events = new();
    private readonly ReceiveArena _arena = new();
    private readonly PooledOutput _ready = new();
    private readonly KeepAlive _keepAlive;
    private readonly ExchangeTable _exchanges;
    private readonly FramePacker _packer;
    private readonly FrameUnpacker _unpacker;
    private readonly Decompressor _decompressor;
    private readonly TimeSpan _startedAt;
    private SessionCounters _counters;
    private SessionSecrets? _secrets;
    private RecordLayer? _records;
    private Rekey? _rekey;
    private DatagramChannel? _datagrams;
    private AnnouncedLimits _peerLimits = AnnouncedLimits.Default;
    private Instant _now;
    private TimeSpan _closingSince;
    private DisconnectReason _disconnectReason;
    private string? _disconnectText;

    private protected XtmpSession(PeerRole role, SessionOptions options, IEntropy entropy, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        OptionChecks.Require(options);
        Role = role;
        Options = options;
        Limits = options.Limits;
        Entropy = entropy;
        _now = now;
        _startedAt = now.Monotonic;
        _keepAlive = new(Limits, now.Monotonic);
        _exchanges = new(role, Limits);
        _packer = new(options.Padding, options.CompressFromBytes);
        _unpacker = new(new Reassembler(ordered: true, Limits.MaxMessageBytes, Limits.MaxReassemblyBytes, Limits.MaxReassemblies));
        _decompressor = new(Limits.MaxMessageBytes, options.CompressionBounds);
    }

    /// <summary>Which end this is.</summary>
    public PeerRole Role { get; }

    public SessionState State { get; private set; }

    /// <summary>Chosen by the server; 0 before ServerHello.</summary>
    public ulong SessionId { get; private protected set; }

    /// <summary>What the handshake settled; null before it is done.</summary>
    public EstablishedSession? Established { get; private set; }

    /// <summary>How the session ended; null while it lives.</summary>
    public SessionClose? Close { get; private set; }

    /// <summary>Epoch of the sending keys on the stream: 0 in the handshake, 1 after it, one more with each rekey.</summary>
    public uint Epoch => _records?.Epoch ?? 0;

    /// <summary>Smoothed round trip from heartbeats and the handshake; null before the first.</summary>
    public TimeSpan? RoundTrip => _keepAlive.RoundTrip;

    /// <summary>Counters so far.</summary>
    public SessionStatistics Statistics => _counters.Snapshot();

    /// <summary>Bytes handed to Send… calls that PollTransmit or PollDatagram have not yet written.</summary>
    public long SendQueueBytes => _packer.Bytes + (_datagrams?.Queue.Bytes ?? 0);

    /// <summary>Bytes this session holds on behalf of its peer: what waits to be sent, and what has arrived in part.</summary>
    public long HeldBytes => SendQueueBytes + _assembler.BufferedBytes + _unpacker.ReservedBytes + (_datagrams?.Unpacker.ReservedBytes ?? 0);

    /// <summary>True from <see cref="SessionLimits.SendQueueHighWater"/> on: wait for the link before sending more.</summary>
    public bool IsSendQueueFull => SendQueueBytes >= Limits.SendQueueHighWater;

    /// <summary>Requests of this end without an answer yet.</summary>
    public int OutstandingRequests => _exchanges.Outstanding;

    /// <summary>True while messages that prefer it go by datagram.</summary>
    public bool AreDatagramsReady => _datagrams?.IsReady == true;

    /// <summary>Where datagrams go, once that path is validated.</summary>
    public PathAddress? DatagramPeer => _datagrams?.Peer;

    private protected SessionOptions Options { get; }

    private protected SessionLimits Limits { get; }

    private protected IEntropy Entropy { get; }

    private protected Instant Now => _now;

    private protected SessionSecrets? Secrets => _secrets;

    /// <summary>
    /// Keying material bound to this session (SPEC §2, key schedule): the same at both ends, for the session's life, and at
    /// no other session.
    /// </summary>
    /// <param name="label">What it is for, ASCII, at most 200 bytes.</param>
    /// <param name="context">Any bytes.</param>
    /// <param name="destination">Filled wholly; at most 255 · 48 bytes.</param>
    public void Export(string label, ReadOnlySpan<byte> context, Span<byte> destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(label);
        if (label.Length > 200 || !System.Text.Ascii.IsValid(label))
        {
            throw new ArgumentException("An exporter label is ASCII of at most 200 characters.", nameof(label));
        }

        if (_secrets is null || Established is null)
        {
            throw new XtmpException(XtmpErrorCode.HandshakeFailed, Fault.Local, "Nothing can be exported before the session is established or after it is disposed.");
        }

        Span<byte> bytes = stackalloc byte[label.Length];
        System.Text.Encoding.ASCII.GetBytes(label, bytes);
        _secrets.Export(bytes, context, destination);
    }

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
        if (total == 0 && HasPendingFlight)
        {
            CompleteFlight();
            total = _ready.MoveTo(output);
        }

        while (total < maxBytes && State is SessionState.Established or SessionState.Closing)
        {
            var written = WriteNextFrame(output);
            if (written == 0)
            {
                break;
            }

            total += written;
        }

        _counters.BytesSent += total;
        return total;
    }

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
        if (State is not (SessionState.Established or SessionState.Closing) || _datagrams is not { } channel)
        {
            return 0;
        }

        var written = channel.Write(destination, now.Monotonic, RoundTrip, out to, out var carriesMessages);
        if (written > 0)
        {
            _counters.DatagramsSent++;
            _counters.FramesSent++;
        }

        if (carriesMessages)
        {
            _keepAlive.Used(now.Monotonic);
        }

        MoveToStream();
        return written;
    }

    /// <summary>The next event, if there is one. Its payload is valid until the next call.</summary>
    public bool PollEvent(out SessionEvent sessionEvent)
    {
        _decompressor.Dispose();
        while (_events.TryTake(out var pending))
        {
            if (TryPresent(in pending, out sessionEvent))
            {
                return true;
            }
        }

        _arena.Reset();
        _events.Reset();
        sessionEvent = default;
        return false;
    }

    /// <summary>When to call <see cref="HandleTimeout"/> next, in terms of <see cref="Instant.Monotonic"/>; null: never.</summary>
    public TimeSpan? PollTimeout()
    {
        switch (State)
        {
            case SessionState.Handshaking:
                return _startedAt + Limits.HandshakeTimeout;
            case SessionState.Closing:
                return Earlier(_closingSince + CloseTimeout, _keepAlive.PeerLostAt);
            case SessionState.Closed:
                return null;
        }

        var next = Earlier(_keepAlive.IdleAt, _keepAlive.PeerLostAt);
        next = Earlier(next, _keepAlive.HeartbeatAt);
        next = Earlier(next, _rekey!.NextTime(IsRenewalDue));
        next = Earlier(next, _unpacker.OldestStart + Limits.ReassemblyTimeout);
        return Earlier(next, _datagrams?.NextTime());
    }

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(Instant now)
    {
        _now = now;
        var time = now.Monotonic;
        if (State == SessionState.Handshaking && time >= _startedAt + Limits.HandshakeTimeout)
        {
            End(SessionClose.Violation(SessionCloseReason.HandshakeTimeout, $"The handshake took longer than {Limits.HandshakeTimeout.TotalSeconds:0.###} s.", Fault.Network));
        }

        if (State is SessionState.Handshaking or SessionState.Closed)
        {
            return;
        }

        if (time >= _keepAlive.PeerLostAt)
        {
            End(SessionClose.Violation(SessionCloseReason.PeerSilent, $"Nothing was heard from the peer for {Limits.PeerTimeout.TotalSeconds:0.###} s.", Fault.Network));
        }
        else if (State == SessionState.Closing)
        {
            if (time >= _closingSince + CloseTimeout)
            {
                End(SessionClose.Violation(SessionCloseReason.LocalClose, $"The link took nothing for {CloseTimeout.TotalSeconds:0} s of closing.", Fault.Network));
            }
        }
        else if (time >= _keepAlive.IdleAt)
        {
            CloseGracefully(DisconnectReason.IdleTimeout);
        }
        else if (_keepAlive.RunHeartbeat(time) && !IsPeerStillTrusted())
        {
            CloseGracefully(DisconnectReason.Revoked);
        }
        else if (_unpacker.DropStartedBy(time - Limits.ReassemblyTimeout) > 0)
        {
            Fail(SessionCloseReason.LimitExceeded, "A fragmented message took too long.");
        }
        else
        {
            RunRekey(time);
            RunDatagrams(time);
        }
    }

    /// <summary>Asks for fresh keys now (at most once a second; a server asks its client). Does nothing before the session is established.</summary>
    public void RequestRekey() => _rekey?.Request();

    /// <summary>
    /// Starts the UDP half. A client sends its first datagram to <paramref name="remote"/>; a server waits for it and
    /// need not call this. Does nothing where the ends did not both ask for datagrams
    /// (<see cref="SessionOptions.EnableDatagrams"/>).
    /// </summary>
    public void OpenDatagrams(PathAddress remote, Instant now)
    {
        _now = now;
        if (State == SessionState.Established)
        {
            _datagrams?.Open(remote, now.Monotonic);
        }
    }

    /// <summary>
    /// Asks the trust policy about the peer again, without waiting for the next heartbeat. Where it says no, the session
    /// ends with <see cref="DisconnectReason.Revoked"/>.
    /// </summary>
    public void CheckTrust(Instant now)
    {
        _now = now;
        if (State == SessionState.Established && !IsPeerStillTrusted())
        {
            CloseGracefully(DisconnectReason.Revoked);
        }
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
            _exchanges.StopAccepting();
        }
        else if (State == SessionState.Handshaking)
        {
            Abort(XtmpErrorCode.ConnectionClosed, "Closed during the handshake.");
        }
    }

    /// <summary>Closes at once: what is queued is dropped and nothing is sent.</summary>
    public void Abort(XtmpErrorCode code, string text) =>
        End(new(SessionCloseReason.LocalError, Fault.Local, code, text));

    /// <summary>Erases all keys and returns all buffers. A session that still lives is over without a word to the peer.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Role, session id and state; never keys.</summary>
    public override string ToString() => $"{Role} session {SessionId:x16} {State}";

    /// <summary>Erases all keys and returns all buffers.</summary>
    private protected virtual void Dispose(bool disposing)
    {
        if (State != SessionState.Closed)
        {
            State = SessionState.Closed;
            Close = new(SessionCloseReason.LocalClose, Fault.Local, XtmpErrorCode.ConnectionClosed, "The session was disposed.");
        }

        EraseKeys();
        _secrets?.Dispose();
        _secrets = null;
        _assembler.Dispose();
        _packer.Dispose();
        _decompressor.Dispose();
        _events.Dispose();
        _arena.Dispose();
        _ready.Dispose();
        _unpacker.Dispose();
    }

    private bool IsRenewalDue => _records!.IsRenewalDue || _datagrams?.IsRenewalDue == true;

    private void RunRekey(TimeSpan time)
    {
        if (_rekey!.HandleTimeout(time, IsRenewalDue, mayStart: State == SessionState.Established, out var code, out var message) is { } violation)
        {
            End(violation);
        }
        else if (code != 0)
        {
            QueueControl(code, message);
        }
    }

    private void RunDatagrams(TimeSpan time)
    {
        if (_datagrams is not { } channel)
        {
            return;
        }

        _counters.DatagramsDropped += channel.HandleTimeout(time);
        Span<byte> report = stackalloc byte[PathMessages.MaxReportLength];
        var length = channel.WriteReport(report, time, RoundTrip);
        if (length > 0)
        {
            QueueControl(FrameCode.Path, report[..length]);
        }

        MoveToStream();
    }

    /// <summary>What datagrams do not carry any more goes on the stream; a lost channel goes with it.</summary>
    private void MoveToStream()
    {
        if (_datagrams is not { } channel)
        {
            return;
        }

        while (channel.TryTakeForStream(out var entry, out var body))
        {
            _packer.AddPacked(in entry, body);
        }

        if (channel.IsLost)
        {
            channel.Dispose();
            _datagrams = null;
            AddDetailEvent(SessionEventKind.DatagramsLost, null);
        }
    }

    private int WriteNextFrame(IBufferWriter<byte> output)
    {
        if (_keepAlive.IsFrameDue)
        {
            Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
            var length = _keepAlive.Write(payload, _now.Monotonic);
            return Seal(new FrameHeader { MessageType = FrameCode.Heartbeat }, payload[..length], output);
        }

        if (!_packer.TryPeek(out var header, out var plaintext))
        {
            return State == SessionState.Closing ? WriteDisconnect(output) : 0;
        }

        var written = Seal(header, plaintext, output);
        if (written > 0)
        {
            _packer.Advance();
            if (header.MessageType == FrameCode.RekeyAck)
            {
                // The cut is exact: RekeyAck is the last frame of the old epoch.
                _records!.SwitchSend();
            }
        }

        return written;
    }

    private int WriteDisconnect(IBufferWriter<byte> output)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var length = ControlMessages.WriteDisconnect(payload, _disconnectReason, _disconnectText);
        var written = Seal(new FrameHeader { MessageType = FrameCode.Disconnect }, payload[..length], output);
        var reason = _disconnectReason == DisconnectReason.IdleTimeout ? SessionCloseReason.IdleTimeout : SessionCloseReason.LocalClose;
        var code = _disconnectReason == DisconnectReason.SlowConsumer ? XtmpErrorCode.ConnectionClosed : CloseCodes.Of(_disconnectReason);
        End(new(reason, Fault.Local, code, $"Closed by this end: {_disconnectReason}."));
        return written;
    }

    private int Seal(FrameHeader header, ReadOnlySpan<byte> plaintext, IBufferWriter<byte> output)
    {
        var records = _records!;
        if (records.CheckSeal(plaintext.Length) is { } violation)
        {
            End(violation);
            return 0;
        }

        var written = records.Seal(ref header, plaintext, output.GetSpan(records.SealedLength(plaintext.Length)));
        output.Advance(written);
        _counters.FramesSent++;
        if (!FrameCode.IsControl(header.MessageType) || header.MessageType == FrameCode.Batch)
        {
            _keepAlive.Used(_now.Monotonic);
        }

        return written;
    }

    private void QueueControl(byte code, ReadOnlySpan<byte> payload)
    {
        _counters.MessagesSent++;
        _packer.AddControl(code, payload);
    }

    private bool IsPeerStillTrusted() =>
        Established?.Peer is not { } peer || PeerTrust.Evaluate(peer.ToClaim(), _now).IsTrusted;

    private void AddDetailEvent(SessionEventKind kind, object? detail)
    {
        ref var pending = ref _events.Add();
        pending.Kind = kind;
        pending.Detail = detail;
    }

    private protected void Fail(SessionCloseReason reason, string text, Fault fault = Fault.Peer) =>
        End(SessionClose.Violation(reason, text, fault));

    /// <summary>The session is over: keys are erased, what is queued is dropped, Closed is the last event.</summary>
    private protected void End(SessionClose close)
    {
        if (State == SessionState.Closed)
        {
            return;
        }

        State = SessionState.Closed;
        Close = close;
        EraseKeys();
        _exchanges.Close();
        _packer.Dispose();
        _assembler.Dispose();
        _unpacker.Dispose();
        HandshakeOver();
        AddDetailEvent(SessionEventKind.Closed, close);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan? b) => b is { } other && other < a ? other : a;

    private void EraseKeys()
    {
        _records?.Dispose();
        _records = null;
        _rekey?.Dispose();
        _rekey = null;
        _datagrams?.Dispose();
        _datagrams = null;
    }
}
