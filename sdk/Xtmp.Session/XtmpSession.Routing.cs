using System.Buffers;
using System.Runtime.CompilerServices;
using Xtmp.Crypto;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>The router: what comes in goes to the part it is for, and what that part says is sent, reported, or the end.</content>
public sealed partial class XtmpSession
{
    private readonly SessionLimits _limits;
    private readonly IEntropy _entropy;
    private readonly ITrustPolicy _peerTrust;
    private readonly FrameAssembler _assembler = new();
    private readonly PooledOutput _handshakeOutput = new();
    private readonly KeepAlive _keepAlive;
    private readonly ExchangeTable _exchanges;
    private readonly FramePacker _packer;
    private readonly FrameUnpacker _unpacker;
    private readonly Outbox _outbox;
    private readonly Inbox _inbox;
    private SessionStatistics _statistics;
    private Handshake? _handshake;
    private SessionSecrets? _secrets;
    private RecordLayer? _records;
    private Rekey? _rekey;
    private bool _mayStartDatagrams;
    private FrameWriter? _writer;
    private Instant _now;

    /// <summary>Takes bytes of the stream, in any chunking; keeps none of <paramref name="bytes"/>.</summary>
    [SkipLocalsInit]
    public void HandleInput(ReadOnlySpan<byte> bytes, Instant now)
    {
        _now = now;
        _statistics.BytesReceived += bytes.Length;
        while (State != SessionState.Closed)
        {
            var status = _assembler.TryRead(ref bytes, out var header, out var frame);
            if (status == FrameStatus.NeedMore)
            {
                return;
            }

            if (status != FrameStatus.Ok)
            {
                FailOnHeader(status);
                return;
            }

            _statistics.FramesReceived++;
            if (_records is { } records)
            {
                HandleRecord(records, in header, frame);
            }
            else
            {
                HandleHandshake(_handshake!, in header, frame);
            }
        }
    }

    /// <summary>The stream has ended. Without a Disconnect before it this is an abort.</summary>
    public void HandleEndOfStream(Instant now)
    {
        _now = now;
        var where = State == SessionState.Handshaking ? " during the handshake" : string.Empty;
        Fail(SessionCloseReason.EndOfStream, $"The stream ended without Disconnect{where}.", Fault.Network);
    }

    /// <summary>Takes one datagram. Whatever is wrong with it, it is dropped and counted.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, PathAddress from, Instant now)
    {
        _now = now;
        _statistics.DatagramsReceived++;
        StartDatagrams();
        var length = datagram.Length;
        var isOpened = length is > 0 and <= MaxDatagramBytes;
        while (isOpened && !datagram.IsEmpty && _outbox.Datagrams is { } channel)
        {
            var status = channel.TryOpen(ref datagram, from, length, _inbox.Arena, now.Monotonic, RoundTrip, out var header, out var plaintext);
            isOpened = status == DatagramStatus.Opened;
            if (isOpened)
            {
                HandleDatagramFrame(channel, in header, plaintext, from);
            }
            else
            {
                _statistics.DatagramsForged += status == DatagramStatus.Forged ? 1 : 0;
                TakeFromDatagrams();
            }
        }

        _statistics.DatagramsDropped += isOpened && datagram.IsEmpty ? 0 : 1;
    }

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(Instant now)
    {
        _now = now;
        var time = now.Monotonic;
        if (State is SessionState.Handshaking or SessionState.Closed)
        {
            EndIf(_handshake?.HandleTimeout(time));
        }
        else if (time >= _keepAlive.PeerLostAt)
        {
            Fail(SessionCloseReason.PeerSilent, $"Nothing was heard from the peer for {_limits.PeerTimeout.TotalSeconds:0.###} s.", Fault.Network);
        }
        else if (_writer!.Closing is { } closing)
        {
            EndIf(time >= closing.Deadline ? closing.TimedOut : null);
        }
        else if (time >= _keepAlive.IdleAt)
        {
            CloseGracefully(DisconnectReason.IdleTimeout);
        }
        else if (_unpacker.DropSilentSince(time - _limits.ReassemblyTimeout) > 0)
        {
            Fail(SessionCloseReason.LimitExceeded, "The next part of a fragmented message did not come in time.");
        }
        else
        {
            if (_keepAlive.RunHeartbeat(time))
            {
                CheckTrust(now);
            }

            RunRekey(time);
            RunDatagrams(time);
        }
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
        var total = _handshakeOutput.MoveTo(output);
        if (total == 0 && _handshake is { HasPendingFlight: true } handshake)
        {
            handshake.WriteFlight(now);
            total = _handshakeOutput.MoveTo(output);
        }

        while (total < maxBytes && _writer is { } writer)
        {
            var written = writer.WriteNext(output, now.Monotonic, out var close);
            total += written;
            if (EndIf(close) || written == 0)
            {
                break;
            }
        }

        _statistics.BytesSent += total;
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
        if (_outbox.Datagrams is not { } channel)
        {
            return 0;
        }

        var written = channel.Write(destination, now.Monotonic, RoundTrip, out to, out var carriesMessages);
        if (written > 0)
        {
            _statistics.DatagramsSent++;
            _statistics.FramesSent++;
        }

        if (carriesMessages)
        {
            _keepAlive.Used(now.Monotonic);
        }

        TakeFromDatagrams();
        return written;
    }

    private static byte CodeOf(IXtmpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Info.Code;
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan? b) => b is { } other && other < a ? other : a;

    private void RequireOpen()
    {
        if (State is SessionState.Closing or SessionState.Closed)
        {
            throw Close?.ToException() ?? new XtmpException(XtmpErrorCode.ConnectionClosed, Fault.Local, "The session is closing.");
        }
    }

    private void HandleHandshake(Handshake handshake, in FrameHeader header, ReadOnlySpan<byte> frame)
    {
        var close = handshake.HandleFrame(in header, frame, _now);
        SessionId = handshake.SessionId;
        if (close is not null)
        {
            End(close);
        }
        else if (handshake.Result is { } result)
        {
            BecomeEstablished(result);
        }
    }

    private void BecomeEstablished(HandshakeResult result)
    {
        EndHandshake();
        Established = result.Established;
        State = SessionState.Established;
        _secrets = result.Secrets;
        _records = result.Records;
        _writer = new(_records, _packer, _keepAlive);
        _rekey = new(Role, _limits, _entropy, _secrets, _records, _now.Monotonic);
        _exchanges.SetPeerLimits(result.PeerLimits);
        _keepAlive.Measured(result.RoundTrip);
        _keepAlive.Established(_now.Monotonic);
        _assembler.MaxPayload = FrameLayout.MaxPayload;
        _exchanges.HasDatagrams = result.HasDatagrams;
        _mayStartDatagrams = result.HasDatagrams;

        _inbox.Report(SessionEventKind.Established, result.Established);
        if (result.Ticket.Length > 0)
        {
            _outbox.AddControl(FrameCode.Ticket, result.Ticket);
        }
    }

    /// <summary>The first use makes the channel: most sessions never send a datagram. What is given up is not made again.</summary>
    private void StartDatagrams()
    {
        if (_mayStartDatagrams && State == SessionState.Established)
        {
            _mayStartDatagrams = false;
            var (send, receive) = _secrets!.DeriveKeys(Role, "c udp"u8, "s udp"u8, _records!.Type, _rekey!.Epoch);
            _outbox.Datagrams = new(Role, _limits, _entropy, SessionId, send, receive, _now.Monotonic);
        }
    }

    [SkipLocalsInit]
    private void HandleRecord(RecordLayer records, in FrameHeader header, ReadOnlySpan<byte> frame)
    {
        if (records.Select(in header, out var violation) is not { } keys)
        {
            End(violation!);
            return;
        }

        var length = keys.PlaintextLength(in header);
        var plaintext = _inbox.Arena.Reserve(length);
        if (EndIf(records.Open(keys, in header, frame, plaintext)))
        {
            return;
        }

        _inbox.Arena.Keep(length);
        _keepAlive.Heard(_now.Monotonic);
        if (FrameCode.IsControl(header.MessageType) && header.MessageType != FrameCode.Batch)
        {
            HandleControl(in header, plaintext);
        }
        else
        {
            HandleMessages(_unpacker, in header, plaintext, isDatagram: false);
        }
    }

    private void HandleDatagramFrame(DatagramChannel channel, in FrameHeader header, ArraySegment<byte> plaintext, PathAddress from)
    {
        _statistics.FramesReceived++;
        _keepAlive.Heard(_now.Monotonic);
        if (header.MessageType == FrameCode.Batch || !FrameCode.IsControl(header.MessageType))
        {
            HandleMessages(channel.Unpacker, in header, plaintext, isDatagram: true);
            return;
        }

        _statistics.DatagramsDropped += channel.TryHandleControl(in header, plaintext, from, out var isReady) ? 0 : 1;
        if (isReady)
        {
            _inbox.Report(SessionEventKind.DatagramsReady);
        }
    }

    [SkipLocalsInit]
    private void HandleMessages(FrameUnpacker unpacker, in FrameHeader header, ArraySegment<byte> plaintext, bool isDatagram)
    {
        var buffer = unpacker.Begin(in header, plaintext, _now.Monotonic, _inbox.Arena);
        _keepAlive.Used(_now.Monotonic);
        while (State != SessionState.Closed && unpacker.TryNext(buffer, out var message, out var offset))
        {
            _statistics.MessagesReceived++;
            if (_inbox.Receive(in message, new(buffer, offset, message.Length), isDatagram, out var reception) is { } violation)
            {
                Violate(violation, isDatagram);
            }
            else if (reception.IsAnswered)
            {
                EndIf(_outbox.Answer(in message, in reception));
            }
            else if (reception.Event == SessionEventKind.Ack)
            {
                _outbox.Datagrams?.Acknowledged(message.ExchangeId);
            }
        }

        if (unpacker.Violation is { } malformed)
        {
            Violate(malformed, isDatagram);
        }
    }

    private void HandleControl(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var code = header.MessageType;
        if (!FrameUnpacker.IsPlainControl(in header))
        {
            Fail(SessionCloseReason.MalformedFrame, $"Control message 0x{code:X2} has kind 0, no exchange and no flags.");
            return;
        }

        switch (code)
        {
            case FrameCode.Heartbeat when ControlMessages.TryReadHeartbeat(payload, out var token, out var isReply):
                _keepAlive.Receive(token, isReply, _now.Monotonic);
                break;
            case FrameCode.Disconnect when ControlMessages.TryReadDisconnect(payload, out var reason, out var text):
                End(new(SessionCloseReason.RemoteClose, Fault.Peer, CloseCodes.Of(reason), $"Closed by the peer: {reason}, {WireText.Quote(text)}."));
                break;
            case FrameCode.Credit when ControlMessages.TryReadCredit(payload, out var id, out var limit):
                EndIf(_inbox.ReceiveCredit(id, limit));
                break;
            case FrameCode.Rekey when Role == PeerRole.Server:
                HandleRekey(payload);
                break;
            case FrameCode.RekeyAck when Role == PeerRole.Client:
                HandleRekeyAnswer(payload);
                break;
            case FrameCode.RekeyRequest when Role == PeerRole.Client:
                EndIf(_rekey!.HandleRequest(payload));
                break;
            case FrameCode.Ticket when Role == PeerRole.Client:
                HandleTicket(payload);
                break;
            case FrameCode.Path when _exchanges.HasDatagrams:
                if (!(_outbox.Datagrams?.TryHandleReport(payload, _now.Monotonic) ?? PathMessages.TryReadReport(payload, out _, out _, out _)))
                {
                    Fail(SessionCloseReason.MalformedPayload, "A receiver's report is malformed.");
                }

                break;
            case FrameCode.Heartbeat or FrameCode.Disconnect or FrameCode.Credit:
                Fail(SessionCloseReason.MalformedPayload, $"Control message 0x{code:X2} is malformed.");
                break;
            default:
                Fail(SessionCloseReason.UnexpectedMessage, $"Control message 0x{code:X2} is not allowed in an established session, or not from a {(Role == PeerRole.Client ? PeerRole.Server : PeerRole.Client)}.");
                break;
        }
    }

    private void HandleTicket(ReadOnlySpan<byte> payload)
    {
        if (!EndIf(TicketExchange.Accept(payload, Established!, _secrets!, _now, out var ticket)))
        {
            _inbox.Report(SessionEventKind.TicketReceived, ticket);
        }
    }

    private void HandleRekey(ReadOnlySpan<byte> payload)
    {
        if (!EndIf(_rekey!.HandleRekey(payload, _now.Monotonic, out var answer)))
        {
            _outbox.AddControl(FrameCode.RekeyAck, answer);
            ReportRekey();
        }
    }

    private void HandleRekeyAnswer(ReadOnlySpan<byte> payload)
    {
        if (EndIf(_rekey!.HandleAnswer(payload, _now.Monotonic)))
        {
            return;
        }

        // The server goes over to the new keys with the client's first frame under them: a heartbeat, if there is nothing else.
        if (_packer.Bytes == 0)
        {
            _keepAlive.RequestHeartbeat();
        }

        ReportRekey();
    }

    private void ReportRekey()
    {
        if (_outbox.Datagrams is { } channel)
        {
            var (send, receive) = _secrets!.DeriveKeys(Role, "c udp"u8, "s udp"u8, _records!.Type, _rekey!.Epoch);
            channel.Renew(send, receive);
        }

        _statistics.Rekeys++;
        _inbox.Report(SessionEventKind.RekeyCompleted);
    }

    private void RunRekey(TimeSpan time)
    {
        var isDue = _outbox.Datagrams?.IsRenewalDue == true;
        if (!EndIf(_rekey!.HandleTimeout(time, isDue, State == SessionState.Established, out var code, out var message)) && code != 0)
        {
            _outbox.AddControl(code, message);
        }
    }

    private void RunDatagrams(TimeSpan time)
    {
        if (_outbox.Datagrams is not { } channel)
        {
            return;
        }

        _statistics.DatagramsDropped += channel.HandleTimeout(time);
        Span<byte> report = stackalloc byte[PathMessages.MaxReportLength];
        var length = channel.WriteReport(report, time, RoundTrip);
        if (length > 0)
        {
            _outbox.AddControl(FrameCode.Path, report[..length]);
        }

        TakeFromDatagrams();
    }

    private void TakeFromDatagrams()
    {
        if (_outbox.TakeFromDatagrams())
        {
            _inbox.Report(SessionEventKind.DatagramsLost);
        }
    }

    /// <summary>A rule was broken after authentication: fatal on the stream, a counted drop on datagrams.</summary>
    private void Violate(SessionClose violation, bool isDatagram)
    {
        if (isDatagram)
        {
            _statistics.DatagramsDropped++;
        }
        else
        {
            End(violation);
        }
    }

    private void FailOnHeader(FrameStatus status) => Fail(CloseCodes.Of(status), $"A frame header is not acceptable: {status}.");

    private void Fail(SessionCloseReason reason, string text, Fault fault = Fault.Peer) =>
        End(SessionClose.Violation(reason, text, fault));

    private bool EndIf(SessionClose? close)
    {
        if (close is null)
        {
            return false;
        }

        End(close);
        return true;
    }

    /// <summary>The session is over: keys are erased, what is queued is dropped, Closed is the last event.</summary>
    private void End(SessionClose close)
    {
        if (State == SessionState.Closed)
        {
            return;
        }

        State = SessionState.Closed;
        Close = close;
        Release();

        // What came before the peer's own end is still reported; what came before this end's is not done any more.
        _inbox.WithholdsWork |= close.Reason is not (SessionCloseReason.RemoteClose or SessionCloseReason.EndOfStream);
        _inbox.Report(SessionEventKind.Closed, close);
    }

    private void EndHandshake()
    {
        _statistics.FramesSent += _handshake?.FramesSent ?? 0;
        _handshake?.Dispose();
        _handshake = null;
    }

    /// <summary>Erases the keys and gives back all memory but that of events not yet taken.</summary>
    private void Release()
    {
        EndHandshake();
        _records?.Dispose();
        _records = null;
        _statistics.FramesSent += _writer?.FramesSent ?? 0;
        _writer = null;
        _rekey?.Dispose();
        _rekey = null;
        _exchanges.Close();
        _outbox.Dispose();
        _assembler.Dispose();
        _unpacker.Dispose();
    }
}
