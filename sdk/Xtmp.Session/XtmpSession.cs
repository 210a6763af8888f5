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
public sealed partial class XtmpSession : IDisposable
{
    /// <summary>Default bound of one <see cref="PollTransmit"/>.</summary>
    public const int DefaultTransmitBytes = 256 * 1024;

    /// <summary>Largest datagram, in bytes (SPEC §3).</summary>
    public const int MaxDatagramBytes = 1200;

    private XtmpSession(PeerRole role, SessionOptions options, ITrustPolicy peerTrust, IEntropy entropy, Instant now)
    {
        Role = role;
        _limits = options.Limits;
        _entropy = entropy;
        _peerTrust = peerTrust;
        _now = now;
        _keepAlive = new(_limits, now.Monotonic);
        _exchanges = new(role, _limits);
        _packer = new(options.Padding, options.CompressFromBytes);
        _outbox = new(_exchanges, _packer, _limits);
        _inbox = new(_exchanges, _limits.MaxMessageBytes, options.CompressionBounds);
        _unpacker = new(new Reassembler(ordered: true, _limits.MaxMessageBytes, _limits.MaxReassemblyBytes, _limits.MaxReassemblies));
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
        session._handshake = ClientHandshake.Start(options, entropy, now, session._handshakeOutput);
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
        session._handshake = ServerHandshake.Start(options, entropy, now, session._handshakeOutput, peer);
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

    /// <summary>When the last authenticated frame of the peer came: within an event, when that came, without a look at the clock.</summary>
    public TimeSpan LastHeard => _keepAlive.LastHeard;

    /// <summary>Counters so far.</summary>
    public SessionStatistics Statistics => _statistics with { MessagesSent = _outbox.MessagesSent, FramesSent = _statistics.FramesSent + (_writer?.FramesSent ?? 0) };

    /// <summary>Share of this end's datagrams that the peer's latest reports miss, 0 to 1; null where nothing says.</summary>
    public double? DatagramLoss => _outbox.Datagrams?.Loss;

    /// <summary>Bytes handed to Send… calls that PollTransmit or PollDatagram have not yet written.</summary>
    public long SendQueueBytes => _outbox.Bytes;

    /// <summary>Bytes this session holds on behalf of its peer: what waits to be sent, and what has arrived in part.</summary>
    public long HeldBytes => SendQueueBytes + _assembler.BufferedBytes + _unpacker.ReservedBytes + (_outbox.Datagrams?.Unpacker.ReservedBytes ?? 0);

    /// <summary>True from <see cref="SessionLimits.SendQueueHighWater"/> on: wait for the link before sending more.</summary>
    public bool IsSendQueueFull => SendQueueBytes >= _limits.SendQueueHighWater;

    /// <summary>Requests of this end without an answer yet.</summary>
    public int OutstandingRequests => _exchanges.Outstanding;

    /// <summary>True while messages that prefer it go by datagram.</summary>
    public bool AreDatagramsReady => _outbox.Datagrams?.IsReady == true;

    /// <summary>False where <see cref="PollDatagram"/> would find nothing. True says that it may.</summary>
    public bool MayHaveDatagrams => _outbox.Datagrams?.MayWrite == true;

    /// <summary>Where datagrams go, once that path is validated.</summary>
    public PathAddress? DatagramPeer => _outbox.Datagrams?.Peer;

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

        _secrets.Export(label, context, destination);
    }

    /// <summary>Sends a request; the answer comes as Response, Item… End, Error or Cancel with the returned exchange id.</summary>
    /// <param name="message">Encoded straight into the send buffer.</param>
    /// <param name="options">How to send it.</param>
    public ulong SendRequest(IXtmpMessage message, in SendOptions options) => SendRequest(CodeOf(message), new(message), in options);

    internal ulong SendRequest(byte code, in OutgoingPayload payload, in SendOptions options)
    {
        RequireOpen();
        return _outbox.SendRequest(code, in payload, in options);
    }

    /// <summary>Sends a one-way message. Returns its exchange id where an ack was asked for, else 0.</summary>
    public ulong SendOneWay(IXtmpMessage message, in SendOptions options) => SendOneWay(CodeOf(message), new(message), in options);

    internal ulong SendOneWay(byte code, in OutgoingPayload payload, in SendOptions options)
    {
        RequireOpen();
        return _outbox.SendOneWay(code, in payload, in options);
    }

    /// <summary>Answers a request of the peer. False where the exchange is already answered or gone: nothing was sent.</summary>
    public bool SendResponse(ulong exchangeId, IXtmpMessage message, bool compressible = false) =>
        SendResponse(exchangeId, new OutgoingPayload(message), compressible);

    internal bool SendResponse(ulong exchangeId, in OutgoingPayload payload, bool compressible = false) =>
        _outbox.SendResponse(exchangeId, in payload, compressible);

    /// <summary>Sends the next item of a stream the peer asked for, where credit allows; by datagram where its type prefers that and it fits.</summary>
    public SendItemResult SendItem(ulong exchangeId, IXtmpMessage message, bool compressible = false) =>
        SendItem(exchangeId, new OutgoingPayload(message), compressible, message.Info.Transport);

    internal SendItemResult SendItem(ulong exchangeId, in OutgoingPayload payload, bool compressible = false, TransportClass transport = TransportClass.Reliable) =>
        _outbox.SendItem(exchangeId, in payload, compressible, transport);

    /// <summary>Ends a stream. False where the exchange is already over.</summary>
    public bool SendEnd(ulong exchangeId) => _outbox.SendEnd(exchangeId);

    /// <summary>Answers a request with an error, or ends a stream with one. False where the exchange is already over.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The detail is over 4096 bytes, which the schema language keeps every declared error within.</exception>
    public bool SendError(
        ulong exchangeId, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null, ReadOnlySpan<byte> detail = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(detail.Length, ErrorMessage.MaxDetailBytes, nameof(detail));
        return _outbox.SendError(exchangeId, code, text, field, retryable, retryAfter, detail);
    }

    /// <summary>
    /// Gives up an exchange of either side. After cancelling a request of this end nothing more of it is reported, though
    /// it counts as outstanding until the peer has answered. False where the exchange is already over.
    /// </summary>
    public bool SendCancel(ulong exchangeId) => State != SessionState.Closed && _outbox.SendCancel(exchangeId);

    /// <summary>Lets the peer send stream items up to, not including, number <paramref name="limit"/>. Never goes down.</summary>
    public bool GrantCredit(ulong exchangeId, ulong limit) => State != SessionState.Closed && _outbox.GrantCredit(exchangeId, limit);

    /// <summary>The next event, if there is one. Its payload is valid until the next call.</summary>
    public bool PollEvent(out SessionEvent sessionEvent)
    {
        while (_inbox.TryTake(out sessionEvent, out var violation))
        {
            if (violation is not null)
            {
                Violate(violation, sessionEvent.IsDatagram);
            }

            if (sessionEvent.Kind != SessionEventKind.None)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>When to call <see cref="HandleTimeout"/> next, in terms of <see cref="Instant.Monotonic"/>; null: never.</summary>
    public TimeSpan? PollTimeout()
    {
        if (State is SessionState.Handshaking or SessionState.Closed)
        {
            return _handshake?.Deadline;
        }

        if (_writer!.Closing is { } closing)
        {
            return Earlier(closing.Deadline, _keepAlive.PeerLostAt);
        }

        var next = Earlier(_keepAlive.IdleAt, _keepAlive.PeerLostAt);
        next = Earlier(next, _keepAlive.HeartbeatAt);
        next = Earlier(next, _rekey!.NextTime(_outbox.Datagrams?.IsRenewalDue == true));
        next = Earlier(next, _unpacker.OldestSince + _limits.ReassemblyTimeout);
        return Earlier(next, _outbox.Datagrams?.NextTime());
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
        StartDatagrams();
        if (State == SessionState.Established)
        {
            _outbox.Datagrams?.Open(remote, now.Monotonic);
        }
    }

    /// <summary>
    /// Asks the trust policy about the peer again, without waiting for the next heartbeat. Where it says no, the session
    /// ends with <see cref="DisconnectReason.Revoked"/>.
    /// </summary>
    public void CheckTrust(Instant now)
    {
        _now = now;
        if (State == SessionState.Established && Established?.Peer is { } peer && !_peerTrust.Evaluate(peer.ToClaim(), now).IsTrusted)
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
            _writer!.Closing = new(reason, text, _now.Monotonic);
            _exchanges.StopAccepting();
            _inbox.WithholdsWork = true;
        }
        else if (State == SessionState.Handshaking)
        {
            Abort(XtmpErrorCode.ConnectionClosed, "Closed during the handshake.");
        }
    }

    /// <summary>Closes at once: what is queued is dropped and nothing is sent.</summary>
    public void Abort(XtmpErrorCode code, string text, Fault fault = Fault.Local) =>
        End(new(SessionCloseReason.LocalError, fault, code, text));

    /// <summary>Erases all keys and returns all buffers. A session that still lives is over without a word to the peer.</summary>
    public void Dispose()
    {
        Close ??= SessionClose.Violation(SessionCloseReason.LocalClose, "The session was disposed.", Fault.Local);
        State = SessionState.Closed;
        Release();
        _secrets?.Dispose();
        _secrets = null;
        _inbox.Dispose();
        _handshakeOutput.Dispose();
    }

    /// <summary>Role, session id and state; never keys.</summary>
    public override string ToString() => $"{Role} session {SessionId:x16} {State}";
}
