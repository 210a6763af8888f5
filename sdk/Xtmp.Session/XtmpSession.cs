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

    /// <summary>Greatest datagram (SPEC §3).</summary>
    public const int MaxDatagramBytes = 1200;

    private readonly FrameAssembler _assembler = new();
    private readonly SendQueue _queue = new();
    private readonly EventQueue _events = new();
    private readonly ReceiveArena _arena = new();
    private readonly PooledOutput _ready = new();
    private readonly KeepAlive _keepAlive;
    private readonly Reassembler _reassembler;
    private TrafficKeys? _sendKeys;
    private TrafficKeys? _receiveKeys;
    private Instant _now;

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
        _nextExchangeId = role == PeerRole.Client ? 1u : 2u;
        _peerLimits = AnnouncedLimits.Default;
        _reassembler = new(ordered: true, Limits.MaxMessageBytes, Limits.MaxReassemblyBytes, Limits.MaxReassemblies);
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
    public uint Epoch => _sendKeys?.Epoch ?? 0;

    /// <summary>Smoothed round trip from heartbeats and the handshake; null before the first.</summary>
    public TimeSpan? RoundTrip => _keepAlive.RoundTrip;

    /// <summary>Counters so far.</summary>
    public SessionStatistics Statistics => _counters.Snapshot();

    /// <summary>Bytes handed to Send… calls that PollTransmit or PollDatagram have not yet written.</summary>
    public long SendQueueBytes => _queue.Bytes + DatagramQueueBytes;

    /// <summary>Bytes this session holds on behalf of its peer: what waits to be sent, and what has arrived in part.</summary>
    public long HeldBytes => SendQueueBytes + _assembler.BufferedBytes + _reassembler.ReservedBytes + (_datagrams?.Reassembler.ReservedBytes ?? 0);

    /// <summary>True from <see cref="SessionLimits.SendQueueHighWater"/> on: wait for the link before sending more.</summary>
    public bool IsSendQueueFull => SendQueueBytes >= Limits.SendQueueHighWater;

    /// <summary>Requests of this end without an answer yet.</summary>
    public int OutstandingRequests => _outbound?.Count ?? 0;

    /// <summary>For tests that forge frames of a real session.</summary>
    internal TrafficKeys? SendKeys => _sendKeys;

    /// <inheritdoc cref="SendKeys"/>
    internal TrafficKeys? ReceiveKeys => _receiveKeys;

    private protected SessionOptions Options { get; }

    private protected SessionLimits Limits { get; }

    private protected IEntropy Entropy { get; }

    private protected Instant Now => _now;

    private protected SessionSecrets? Secrets { get; private set; }

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

        if (Secrets is null || Established is null)
        {
            throw new XtmpException(XtmpErrorCode.HandshakeFailed, Fault.Local, "Nothing can be exported before the session is established or after it is disposed.");
        }

        Span<byte> bytes = stackalloc byte[label.Length];
        System.Text.Encoding.ASCII.GetBytes(label, bytes);
        Secrets.Export(bytes, context, destination);
    }

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
        Secrets?.Dispose();
        Secrets = null;
        _assembler.Dispose();
        _queue.Dispose();
        ReleasePresented();
        _events.Dispose();
        _arena.Dispose();
        _ready.Dispose();
        _reassembler.Dispose();
        DisposeDatagrams();
    }

    private void EraseKeys()
    {
        _sendKeys?.Dispose();
        _receiveKeys?.Dispose();
        _nextSendKeys?.Dispose();
        _nextReceiveKeys?.Dispose();
        _sendKeys = null;
        _receiveKeys = null;
        _nextSendKeys = null;
        _nextReceiveKeys = null;
        _rekey?.Dispose();
        _rekey = null;
    }
}
