using System.Buffers.Binary;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Bytes and datagrams in: each frame goes to the part it is for, and what that part says is sent, reported or the end.</content>
public sealed partial class XtmpSession
{
    /// <summary>Takes bytes of the stream, in any chunking; keeps none of <paramref name="bytes"/>.</summary>
    public void HandleInput(ReadOnlySpan<byte> bytes, Instant now)
    {
        _now = now;
        _counters.BytesReceived += bytes.Length;
        while (State != SessionState.Closed)
        {
            var status = _assembler.TryRead(ref bytes, out var header, out var frame);
            if (status == FrameStatus.NeedMore)
            {
                return;
            }

            if (status != FrameStatus.Ok)
            {
                Fail(ReasonOf(status), $"A frame header is not acceptable: {status}.");
                return;
            }

            _counters.FramesReceived++;
            HandleFrame(in header, frame);
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
        _counters.DatagramsReceived++;
        var length = datagram.Length;
        if (length > MaxDatagramBytes || datagram.IsEmpty)
        {
            _counters.DatagramsDropped++;
            return;
        }

        while (!datagram.IsEmpty)
        {
            if (State is not (SessionState.Established or SessionState.Closing) || _datagrams is not { } channel)
            {
                _counters.DatagramsDropped++;
                return;
            }

            var status = channel.TryOpen(ref datagram, from, length, _arena, now.Monotonic, RoundTrip, out var header, out var plaintext);
            if (status != DatagramStatus.Opened)
            {
                _counters.DatagramsDropped++;
                _counters.DatagramsForged += status == DatagramStatus.Forged ? 1 : 0;
                MoveToStream();
                return;
            }

            _counters.FramesReceived++;
            _keepAlive.Heard(now.Monotonic);
            HandleDatagramFrame(channel, in header, plaintext, from);
        }
    }

    private static SessionCloseReason ReasonOf(FrameStatus status) => status switch
    {
        FrameStatus.TooLong => SessionCloseReason.FrameTooLarge,
        FrameStatus.WrongEncryptionType => SessionCloseReason.EncryptionTypeMismatch,
        _ => SessionCloseReason.MalformedFrame,
    };

    private void HandleFrame(in FrameHeader header, ReadOnlySpan<byte> frame)
    {
        if (_records is not { } records)
        {
            HandleHandshake(_handshake!, in header, frame);
            return;
        }

        if (records.Check(in header, out var length) is { } refused)
        {
            End(refused);
            return;
        }

        var plaintext = _arena.Reserve(length);
        if (records.Open(in header, frame, plaintext) is { } invalid)
        {
            End(invalid);
            return;
        }

        _arena.Keep(length);
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

    private void HandleTicket(ReadOnlySpan<byte> payload)
    {
        if (TicketExchange.Accept(payload, Established!, _secrets!, _now, out var ticket) is { } malformed)
        {
            End(malformed);
            return;
        }

        AddDetailEvent(SessionEventKind.TicketReceived, ticket);
    }

    private void HandleDatagramFrame(DatagramChannel channel, in FrameHeader header, ArraySegment<byte> plaintext, PathAddress from)
    {
        if (header.MessageType == FrameCode.Batch || !FrameCode.IsControl(header.MessageType))
        {
            HandleMessages(channel.Unpacker, in header, plaintext, isDatagram: true);
            return;
        }

        // A heartbeat in a datagram only keeps the path's address translation alive.
        var isReady = false;
        var isAccepted = FrameUnpacker.IsPlainControl(in header) && header.MessageType switch
        {
            FrameCode.Path => channel.TryHandlePath(plaintext, from, out isReady),
            FrameCode.Heartbeat => ControlMessages.TryReadHeartbeat(plaintext, out _, out _),
            _ => false,
        };
        _counters.DatagramsDropped += isAccepted ? 0 : 1;
        if (isReady)
        {
            AddDetailEvent(SessionEventKind.DatagramsReady, null);
        }
    }

    private void HandleMessages(FrameUnpacker unpacker, in FrameHeader header, ArraySegment<byte> plaintext, bool isDatagram)
    {
        unpacker.Begin(in header, plaintext, _now.Monotonic, _arena);
        while (State != SessionState.Closed && unpacker.TryNext(out var message, out var payload))
        {
            HandleMessage(in message, payload, isDatagram);
        }

        Violate(unpacker.Violation, isDatagram);
    }

    private void HandleMessage(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        _counters.MessagesReceived++;
        _keepAlive.Used(_now.Monotonic);
        var isCompressed = (message.Flags & FrameFlags.Compressed) != 0;
        if (isCompressed && !_decompressor.IsAcceptable(in message, payload))
        {
            Violate(SessionClose.Violation(SessionCloseReason.LimitExceeded, $"A compressed message 0x{message.MessageType:X2} may not be, or claims more bytes than it can have."), isDatagram);
            return;
        }

        if (_exchanges.Receive(in message, payload, out var reception) is { } violation)
        {
            Violate(violation, isDatagram);
            return;
        }

        Answer(in message, in reception);
        if (reception.Event == SessionEventKind.None || State == SessionState.Closed)
        {
            return;
        }

        if (reception.Event == SessionEventKind.Ack)
        {
            _datagrams?.Acknowledged(message.ExchangeId);
        }

        ref var pending = ref _events.Add();
        pending.Kind = reception.Event;
        pending.EndsExchange = reception.EndsExchange;
        pending.Detail = reception.Error;
        pending.Code = message.MessageType;
        pending.ExchangeId = message.ExchangeId;
        pending.IsDatagram = isDatagram;
        if (reception.Event is not (SessionEventKind.Ack or SessionEventKind.Cancel))
        {
            pending.Compressed = isCompressed;
            pending.Buffer = payload.Array;
            pending.Offset = payload.Offset;
            pending.Length = payload.Count;
        }
    }

    /// <summary>Acks and refusals; a peer that never takes them is cut off before they pile up.</summary>
    private void Answer(in BatchEntry message, in Reception reception)
    {
        if (!reception.SendsAck && reception.Refusal == default)
        {
            return;
        }

        Span<byte> payload = stackalloc byte[ErrorMessage.MaxLength];
        var length = reception.SendsAck ? 0 : ErrorMessage.Write(payload, reception.Refusal, reception.RefusalText!, null, reception.Refusal == XtmpErrorCode.Overloaded, null);
        if (_packer.Bytes + length > _limits.MaxSendQueueBytes)
        {
            Fail(SessionCloseReason.LimitExceeded, "The peer sends without taking its answers.");
            return;
        }

        var answer = new BatchEntry
        {
            MessageType = reception.SendsAck ? message.MessageType : FrameCode.Error,
            Kind = reception.SendsAck ? FrameKind.Ack : FrameKind.Error,
            ExchangeId = message.ExchangeId,
        };
        _counters.MessagesSent++;
        _packer.Add(message.Flags.ToPriority(), answer, new(payload[..length]));
    }

    /// <summary>A rule was broken after authentication: fatal on the stream, a counted drop on datagrams.</summary>
    private void Violate(SessionClose? violation, bool isDatagram)
    {
        if (violation is null)
        {
            return;
        }

        if (isDatagram)
        {
            _counters.DatagramsDropped++;
            return;
        }

        End(violation);
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
                HandleCredit(id, limit);
                break;
            case FrameCode.Rekey when Role == PeerRole.Server:
                HandleRekey(payload);
                break;
            case FrameCode.RekeyAck when Role == PeerRole.Client:
                HandleRekeyAnswer(payload);
                break;
            case FrameCode.RekeyRequest when Role == PeerRole.Client:
                Violate(_rekey!.HandleRequest(payload), isDatagram: false);
                break;
            case FrameCode.Ticket when Role == PeerRole.Client:
                HandleTicket(payload);
                break;
            case FrameCode.Path when _exchanges.HasDatagrams:
                if (!(_datagrams?.TryHandleReport(payload, _now.Monotonic) ?? PathMessages.TryReadReport(payload, out _, out _, out _)))
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

    private void HandleCredit(ulong id, ulong limit)
    {
        if (_exchanges.ReceiveCredit(id, limit, out var exchange) is { } violation)
        {
            End(violation);
        }
        else if (exchange.Code != 0)
        {
            ref var pending = ref _events.Add();
            pending.Kind = SessionEventKind.CreditAvailable;
            pending.Code = exchange.Code;
            pending.ExchangeId = id;
            pending.Credit = limit;
        }
    }

    private void HandleRekey(ReadOnlySpan<byte> payload)
    {
        if (_rekey!.HandleRekey(payload, _now.Monotonic, _records!.AwaitsNewEpoch, out var answer) is { } violation)
        {
            End(violation);
            return;
        }

        RenewKeys();
        QueueControl(FrameCode.RekeyAck, answer);
        AddDetailEvent(SessionEventKind.RekeyCompleted, null);
    }

    private void HandleRekeyAnswer(ReadOnlySpan<byte> payload)
    {
        if (_rekey!.HandleAnswer(payload, _now.Monotonic) is { } violation)
        {
            End(violation);
            return;
        }

        // RekeyAck was the server's last frame of the old epoch, and the client's next is of the new one: a heartbeat,
        // if there is nothing else.
        RenewKeys();
        _records!.SwitchReceive();
        _records.SwitchSend();
        if (_packer.Bytes == 0)
        {
            _keepAlive.RequestHeartbeat();
        }

        AddDetailEvent(SessionEventKind.RekeyCompleted, null);
    }

    private void RenewKeys()
    {
        var epoch = Epoch + 1;
        var (send, receive) = DeriveKeys("c ap"u8, "s ap"u8, epoch);
        _records!.Renew(send, receive);
        if (_datagrams is { } channel)
        {
            (send, receive) = DeriveKeys("c udp"u8, "s udp"u8, epoch);
            channel.Renew(send, receive);
        }

        _counters.Rekeys++;
    }

    private bool TryPresent(in PendingEvent pending, out SessionEvent sessionEvent)
    {
        sessionEvent = default;
        var isWanted = !IsWithheld(pending.Kind) & (!pending.EndsExchange || _exchanges.TryTakeAnswer(pending.ExchangeId));
        if (!isWanted)
        {
            return false;
        }

        ReadOnlyMemory<byte> payload = pending.Buffer is null ? default : pending.Buffer.AsMemory(pending.Offset, pending.Length);
        if (pending.Compressed && _decompressor.Decompress(ref payload) is { } violation)
        {
            End(violation);
            return false;
        }

        ulong itemNumber = 0;
        if (pending.Kind == SessionEventKind.Item && !TryTakeItem(in pending, ref payload, out itemNumber))
        {
            return false;
        }

        sessionEvent = new()
        {
            Kind = pending.Kind,
            Code = pending.Code,
            ExchangeId = pending.ExchangeId,
            Payload = payload,
            ItemNumber = itemNumber,
            Credit = pending.Credit,
            IsDatagram = pending.IsDatagram,
            Detail = pending.Detail,
        };
        return true;
    }

    // What a peer still asks of a session that this end has ended, by a close, a violation or a withdrawn trust, is not done.
    private bool IsWithheld(SessionEventKind kind) =>
        kind is SessionEventKind.Request or SessionEventKind.OneWay
        && (State == SessionState.Closing || (Close is { } close && close.Reason is not (SessionCloseReason.RemoteClose or SessionCloseReason.EndOfStream)));

    private bool TryTakeItem(in PendingEvent pending, ref ReadOnlyMemory<byte> payload, out ulong number)
    {
        number = 0;
        if (payload.Length < sizeof(ulong))
        {
            Violate(SessionClose.Violation(SessionCloseReason.MalformedPayload, $"An item of exchange {pending.ExchangeId} is too short for its number."), pending.IsDatagram);
            return false;
        }

        number = BinaryPrimitives.ReadUInt64LittleEndian(payload.Span);
        payload = payload[sizeof(ulong)..];
        var violation = _exchanges.TakeItem(pending.ExchangeId, number, out var isWanted);
        Violate(violation, pending.IsDatagram);
        return isWanted && violation is null;
    }
}
