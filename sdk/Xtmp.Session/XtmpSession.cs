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
/// <see cref="PollDatagram"/> until it returns 0; then wait for input, for work, or until <see cref="PollTimeout"/>,
/// and at that time call <see cref="HandleTimeout"/>. Calling any of them too often does no harm.
/// </para>
/// <para>
/// Nothing a peer sends makes a Handle… or Poll… call throw: a violation ends the session with a
/// <see cref="SessionEventKind.Closed"/> event. Send… calls throw <see cref="XtmpException"/> with
/// <see cref="Fault.Local"/> for wrong use, and with the close's own code once the session is over.
/// </para>
/// </summary>
public abstract class XtmpSession : IDisposable
{
    private protected XtmpSession(PeerRole role)
    {
        Role = role;
    }

    /// <summary>Which end this is.</summary>
    public PeerRole Role { get; }

    public SessionState State { get; private protected set; }

    /// <summary>Chosen by the server; 0 before ServerHello.</summary>
    public ulong SessionId { get; private protected set; }

    /// <summary>What the handshake settled; null before it is done.</summary>
    public EstablishedSession? Established { get; private protected set; }

    /// <summary>How the session ended; null while it lives.</summary>
    public SessionClose? Close { get; private protected set; }

    /// <summary>Epoch of the sending keys on the stream: 0 in the handshake, 1 after it, one more with each rekey.</summary>
    public uint Epoch { get; private protected set; }

    /// <summary>Smoothed round trip from heartbeats and the handshake; null before the first.</summary>
    public TimeSpan? RoundTrip { get; private protected set; }

    public SessionStatistics Statistics { get; private protected set; }

    /// <summary>Bytes handed to Send… calls that PollTransmit or PollDatagram have not yet written.</summary>
    public long SendQueueBytes { get; private protected set; }

    /// <summary>True from <see cref="SessionLimits.SendQueueHighWater"/> on: wait for the link before sending more.</summary>
    public bool IsSendQueueFull { get; private protected set; }

    /// <summary>Requests of this end without an answer yet.</summary>
    public int OutstandingRequests { get; private protected set; }

    /// <summary>Takes bytes of the stream, in any chunking; keeps none of <paramref name="bytes"/>.</summary>
    public void HandleInput(ReadOnlySpan<byte> bytes, Instant now) => throw new InvalidOperationException();

    /// <summary>The stream has ended. Without a Disconnect before it this is an abort.</summary>
    public void HandleEndOfStream(Instant now) => throw new InvalidOperationException();

    /// <summary>Takes one datagram. Whatever is wrong with it, it is dropped and counted.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, PathAddress from, Instant now) => throw new InvalidOperationException();

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(Instant now) => throw new InvalidOperationException();

    /// <summary>The next event, if there is one. Its payload is valid until the next call.</summary>
    public bool PollEvent(out SessionEvent sessionEvent) => throw new InvalidOperationException();

    /// <summary>
    /// Seals and writes what waits for the stream, about <paramref name="maxBytes"/> at most (a frame that has begun is
    /// written whole); small messages are joined in batches. Returns the bytes written, 0 when there is nothing.
    /// </summary>
    public int PollTransmit(IBufferWriter<byte> output, Instant now, int maxBytes = DefaultTransmitBytes) => throw new InvalidOperationException();

    /// <summary>Writes the next datagram and where it goes. Returns its length, 0 when there is none.</summary>
    /// <param name="destination">At least <see cref="MaxDatagramBytes"/> bytes.</param>
    /// <param name="to">Where to send it.</param>
    /// <param name="now">The time.</param>
    public int PollDatagram(Span<byte> destination, out PathAddress to, Instant now) => throw new InvalidOperationException();

    /// <summary>When to call <see cref="HandleTimeout"/> next, in terms of <see cref="Instant.Monotonic"/>; null: never.</summary>
    public TimeSpan? PollTimeout() => throw new InvalidOperationException();

    /// <summary>Sends a request; the answer comes as Response, Item… End, Error or Cancel with the returned exchange id.</summary>
    /// <param name="code">Message code of a schema.</param>
    /// <param name="payload">The message as MessagePack; copied.</param>
    /// <param name="options">How to send it.</param>
    public ulong SendRequest(byte code, ReadOnlySpan<byte> payload, in SendOptions options) => throw new InvalidOperationException();

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public ulong SendRequest(IXtmpMessage message, in SendOptions options) => throw new InvalidOperationException();

    /// <summary>Sends a one-way message. Returns its exchange id where an ack was asked for, else 0.</summary>
    public ulong SendOneWay(byte code, ReadOnlySpan<byte> payload, in SendOptions options) => throw new InvalidOperationException();

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public ulong SendOneWay(IXtmpMessage message, in SendOptions options) => throw new InvalidOperationException();

    /// <summary>Answers a request of the peer. False where the exchange is already answered or gone: nothing was sent.</summary>
    public bool SendResponse(ulong exchangeId, ReadOnlySpan<byte> payload, bool compressible = false) => throw new InvalidOperationException();

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public bool SendResponse(ulong exchangeId, IXtmpMessage message, bool compressible = false) => throw new InvalidOperationException();

    /// <summary>Sends the next item of a stream the peer asked for, where credit allows.</summary>
    public SendItemResult SendItem(ulong exchangeId, ReadOnlySpan<byte> payload, bool compressible = false) => throw new InvalidOperationException();

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public SendItemResult SendItem(ulong exchangeId, IXtmpMessage message, bool compressible = false) => throw new InvalidOperationException();

    /// <summary>Items that may be sent on a stream before credit is used up; 0 for an exchange that is gone.</summary>
    public ulong GetAvailableCredit(ulong exchangeId) => throw new InvalidOperationException();

    /// <summary>Ends a stream. False where the exchange is already over.</summary>
    public bool SendEnd(ulong exchangeId) => throw new InvalidOperationException();

    /// <summary>Answers a request with an error, or ends a stream with one. False where the exchange is already over.</summary>
    public bool SendError(ulong exchangeId, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null) => throw new InvalidOperationException();

    /// <summary>
    /// Gives up an exchange of either side. After cancelling a request of this end nothing more of it is reported, though
    /// it counts as outstanding until the peer has answered. False where the exchange is already over.
    /// </summary>
    public bool SendCancel(ulong exchangeId) => throw new InvalidOperationException();

    /// <summary>Lets the peer send stream items up to, not including, number <paramref name="limit"/>. Never goes down.</summary>
    public bool GrantCredit(ulong exchangeId, ulong limit) => throw new InvalidOperationException();

    /// <summary>Asks for fresh keys now (at most once a second; a server asks its client).</summary>
    public void RequestRekey() => throw new InvalidOperationException();

    /// <summary>
    /// Starts the UDP half. A client sends its first datagram to <paramref name="remote"/>; a server only gets ready
    /// to be found. Needs <see cref="SessionOptions.EnableDatagrams"/> at both ends.
    /// </summary>
    public void OpenDatagrams(PathAddress remote, Instant now) => throw new InvalidOperationException();

    /// <summary>
    /// Closes in order: what is queued goes out, then Disconnect; requests of the peer that are unanswered get no answer.
    /// The Closed event comes when Disconnect has been written.
    /// </summary>
    public void CloseGracefully(DisconnectReason reason = DisconnectReason.Normal, string? text = null) => throw new InvalidOperationException();

    /// <summary>Closes at once: what is queued is dropped and nothing is sent.</summary>
    public void Abort(XtmpErrorCode code, string text) => throw new InvalidOperationException();

    /// <summary>
    /// Keying material bound to this session (WIRE, Key schedule): the same at both ends, for the session's life, and at
    /// no other session.
    /// </summary>
    /// <param name="label">What it is for, ASCII, at most 200 bytes.</param>
    /// <param name="context">Any bytes.</param>
    /// <param name="destination">Filled wholly; at most 255 · 48 bytes.</param>
    public void Export(string label, ReadOnlySpan<byte> context, Span<byte> destination) => throw new InvalidOperationException();

    /// <summary>Erases all keys and returns all buffers.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
    }

    /// <summary>Role, session id and state; never keys.</summary>
    public override string ToString() => $"{Role} session {SessionId:x16} {State}";

    /// <summary>Default bound of one <see cref="PollTransmit"/>.</summary>
    public const int DefaultTransmitBytes = 256 * 1024;

    /// <summary>Greatest datagram (WIRE section 3).</summary>
    public const int MaxDatagramBytes = 1200;
}
