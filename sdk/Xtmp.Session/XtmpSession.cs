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
public sealed partial class XtmpSession : IDisposable
{
    /// <summary>Default bound of one <see cref="PollTransmit"/>.</summary>
    public const int DefaultTransmitBytes = 256 * 1024;

    /// <summary>Largest datagram, in bytes (SPEC §3).</summary>
    public const int MaxDatagramBytes = 1200;

    /// <summary>How long a closing session tries to get rid of what is queued.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private readonly SessionOptions _options;
    private readonly SessionLimits _limits;
    private readonly IEntropy _entropy;
    private readonly ITrustPolicy _peerTrust;
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
    private Handshake? _handshake;
    private SessionSecrets? _secrets;
    private RecordLayer? _records;
    private Rekey? _rekey;
    private DatagramChannel? _datagrams;
    private AnnouncedLimits _peerLimits = AnnouncedLimits.Default;
    private Instant _now;
    private TimeSpan _closingSince;
    private DisconnectReason _disconnectReason;
    private string? _disconnectText;

    private XtmpSession(PeerRole role, SessionOptions options, ITrustPolicy peerTrust, IEntropy entropy, Instant now)
    {
        Role = role;
        _options = options;
        _limits = options.Limits;
        _entropy = entropy;
        _peerTrust = peerTrust;
        _now = now;
        _startedAt = now.Monotonic;
        _keepAlive = new(_limits, now.Monotonic);
        _exchanges = new(role, _limits);
        _packer = new(options.Padding, options.CompressFromBytes);
        _unpacker = new(new Reassembler(ordered: true, _limits.MaxMessageBytes, _limits.MaxReassemblyBytes, _limits.MaxReassemblies));
        _decompressor = new(_limits.MaxMessageBytes, options.CompressionBounds);
    }

    /// <summary>The client end. Its first flight is ready for <see cref="PollTransmit"/> at once.</summary>
    /// <param name="options">Trust, limits, identity.</param>
    /// <param name="entropy">Source of all random values of this session; kept for rekeying.</param>
    /// <param name="now">The time the handshake starts.</param>
    /// <exception cref="ArgumentException">The options could not work.</exception>
    public static XtmpSession Connect(ClientSessionOptions options, IEntropy entropy, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        OptionChecks.Require(options);
        var session = new XtmpSession(PeerRole.Client, options, options.ServerTrust, entropy, now);
        session._handshake = ClientHandshake.Start(options, entropy, now, session._ready);
        return session;
    }

    /// <summary>The server end, made when a connection is accepted.</summary>
    /// <param name="options">Identity, trust, limits; shared by all sessions of a listener.</param>
    /// <param name="entropy">Source of all random values of this session.</param>
    /// <param name="now">The time the connection was accepted.</param>
    /// <param name="peer">Handed to <see cref="IHandshakeAdmission"/>: whatever names the peer's address.</param>
    /// <exception cref="ArgumentException">The options could not work.</exception>
    public static XtmpSession Accept(ServerSessionOptions options, IEntropy entropy, Instant now, object? peer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(entropy);
        OptionChecks.Require(options);
        var session = new XtmpSession(PeerRole.Server, options, ServerHandshake.Trust(options), entropy, now);
        session._handshake = ServerHandshake.Start(options, entropy, now, session._ready, peer);
        return session;
    }

    /// <summary>Which end this is.</summary>
    public PeerRole Role { get; }

    public SessionState State { get; private set; }

    /// <summary>Chosen by the server; 0 before ServerHello.</summary>
    public ulong SessionId { get; private set; }

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
    public bool IsSendQueueFull => SendQueueBytes >= _limits.SendQueueHighWater;

    /// <summary>Requests of this end without an answer yet.</summary>
    public int OutstandingRequests => _exchanges.Outstanding;

    /// <summary>True while messages that prefer it go by datagram.</summary>
    public bool AreDatagramsReady => _datagrams?.IsReady == true;

    /// <summary>Where datagrams go, once that path is validated.</summary>
    public PathAddress? DatagramPeer => _datagrams?.Peer;

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
                return _startedAt + _limits.HandshakeTimeout;
            case SessionState.Closing:
                return Earlier(_closingSince + CloseTimeout, _keepAlive.PeerLostAt);
            case SessionState.Closed:
                return null;
        }

        var next = Earlier(_keepAlive.IdleAt, _keepAlive.PeerLostAt);
        next = Earlier(next, _keepAlive.HeartbeatAt);
        next = Earlier(next, _rekey!.NextTime(IsRenewalDue));
        next = Earlier(next, _unpacker.OldestStart + _limits.ReassemblyTimeout);
        return Earlier(next, _datagrams?.NextTime());
    }

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(Instant now)
    {
        _now = now;
        var time = now.Monotonic;
        if (State == SessionState.Handshaking && time >= _startedAt + _limits.HandshakeTimeout)
        {
            End(SessionClose.Violation(SessionCloseReason.HandshakeTimeout, $"The handshake took longer than {_limits.HandshakeTimeout.TotalSeconds:0.###} s.", Fault.Network));
        }

        if (State is SessionState.Handshaking or SessionState.Closed)
        {
            return;
        }

        if (time >= _keepAlive.PeerLostAt)
        {
            End(SessionClose.Violation(SessionCloseReason.PeerSilent, $"Nothing was heard from the peer for {_limits.PeerTimeout.TotalSeconds:0.###} s.", Fault.Network));
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
        else if (_unpacker.DropStartedBy(time - _limits.ReassemblyTimeout) > 0)
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
        if (State != SessionState.Closed)
        {
            State = SessionState.Closed;
            Close = SessionClose.Violation(SessionCloseReason.LocalClose, "The session was disposed.", Fault.Local);
        }

        EndHandshake();
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

    /// <summary>Role, session id and state; never keys.</summary>
    public override string ToString() => $"{Role} session {SessionId:x16} {State}";

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

    private void BecomeEstablished(HandshakeResult result)
    {
        EndHandshake();
        Established = result.Established;
        State = SessionState.Established;
        _secrets = result.Secrets;
        _records = result.Records;
        _peerLimits = result.PeerLimits;
        _exchanges.SetPeerLimits(result.PeerLimits);
        _keepAlive.Measured(result.RoundTrip);
        _keepAlive.Established(_now.Monotonic);
        _rekey = new(Role, _limits, _entropy, _secrets, _now.Monotonic);
        _assembler.MaxPayload = FrameLayout.MaxPayload;
        if (result.HasDatagrams)
        {
            _exchanges.HasDatagrams = true;
            var (send, receive) = DeriveKeys("c udp"u8, "s udp"u8, Epoch);
            _datagrams = new(Role, _limits, _entropy, SessionId, send, receive, _now.Monotonic);
        }

        AddDetailEvent(SessionEventKind.Established, result.Established);
        if (result.Ticket.Length > 0)
        {
            QueueControl(FrameCode.Ticket, result.Ticket);
        }
    }

    private void EndHandshake()
    {
        _counters.FramesSent += _handshake?.FramesSent ?? 0;
        _handshake?.Dispose();
        _handshake = null;
    }

    /// <summary>Keys of both directions.</summary>
    private (TrafficKeys Send, TrafficKeys Receive) DeriveKeys(ReadOnlySpan<byte> clientLabel, ReadOnlySpan<byte> serverLabel, uint epoch)
    {
        var client = _secrets!.DeriveKeys(clientLabel, _records!.Type, epoch);
        var server = _secrets.DeriveKeys(serverLabel, _records.Type, epoch);
        return Role == PeerRole.Client ? (client, server) : (server, client);
    }

    private bool IsPeerStillTrusted() =>
        Established?.Peer is not { } peer || _peerTrust.Evaluate(peer.ToClaim(), _now).IsTrusted;

    private void AddDetailEvent(SessionEventKind kind, object? detail)
    {
        ref var pending = ref _events.Add();
        pending.Kind = kind;
        pending.Detail = detail;
    }

    private void Fail(SessionCloseReason reason, string text, Fault fault = Fault.Peer) =>
        End(SessionClose.Violation(reason, text, fault));

    /// <summary>The session is over: keys are erased, what is queued is dropped, Closed is the last event.</summary>
    private void End(SessionClose close)
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
        EndHandshake();
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
