using System.Buffers;
using System.Runtime.CompilerServices;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Messages out: what the application calls, and the bytes and datagrams that come of it.</content>
public sealed partial class XtmpSession
{
    /// <summary>Sends a request; the answer comes as Response, Item… End, Error or Cancel with the returned exchange id.</summary>
    /// <param name="code">Message code of a schema.</param>
    /// <param name="payload">The message as MessagePack; copied.</param>
    /// <param name="options">How to send it.</param>
    public ulong SendRequest(byte code, ReadOnlySpan<byte> payload, in SendOptions options) =>
        SendRequest(code, new OutgoingPayload(payload), in options);

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public ulong SendRequest(IXtmpMessage message, in SendOptions options) =>
        SendRequest(Required(message).Info.Code, new OutgoingPayload(message), in options);

    /// <summary>Sends a one-way message. Returns its exchange id where an ack was asked for, else 0.</summary>
    public ulong SendOneWay(byte code, ReadOnlySpan<byte> payload, in SendOptions options) =>
        SendOneWay(code, new OutgoingPayload(payload), in options);

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public ulong SendOneWay(IXtmpMessage message, in SendOptions options) =>
        SendOneWay(Required(message).Info.Code, new OutgoingPayload(message), in options);

    /// <summary>Answers a request of the peer. False where the exchange is already answered or gone: nothing was sent.</summary>
    public bool SendResponse(ulong exchangeId, ReadOnlySpan<byte> payload, bool compressible = false) =>
        SendResponse(exchangeId, new OutgoingPayload(payload), compressible);

    /// <summary>The same, encoding straight into the send buffer.</summary>
    public bool SendResponse(ulong exchangeId, IXtmpMessage message, bool compressible = false) =>
        SendResponse(exchangeId, new OutgoingPayload(Required(message)), compressible);

    /// <summary>Sends the next item of a stream the peer asked for, where credit allows.</summary>
    public SendItemResult SendItem(ulong exchangeId, ReadOnlySpan<byte> payload, bool compressible = false) =>
        SendItem(exchangeId, new OutgoingPayload(payload), compressible, TransportClass.Reliable);

    /// <summary>The same, encoding straight into the send buffer; by datagram where its type prefers that and it fits.</summary>
    public SendItemResult SendItem(ulong exchangeId, IXtmpMessage message, bool compressible = false) =>
        SendItem(exchangeId, new OutgoingPayload(Required(message)), compressible, message.Info.Transport);

    /// <summary>Items that may be sent on a stream before credit is used up; 0 for an exchange that is gone.</summary>
    public ulong GetAvailableCredit(ulong exchangeId) => _exchanges.GetAvailableCredit(exchangeId);

    /// <summary>Ends a stream. False where the exchange is already over.</summary>
    public bool SendEnd(ulong exchangeId)
    {
        if (!_exchanges.TryFinishInbound(exchangeId, out var exchange))
        {
            return false;
        }

        SendAnswer(in exchange, exchange.Code, FrameKind.StreamEnd, exchangeId, default);
        return true;
    }

    /// <summary>Answers a request with an error, or ends a stream with one. False where the exchange is already over.</summary>
    public bool SendError(ulong exchangeId, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!_exchanges.TryFinishInbound(exchangeId, out var exchange))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[ErrorMessage.MaxLength];
        var length = ErrorMessage.Write(buffer, code, text, field, retryable, retryAfter);
        SendAnswer(in exchange, FrameCode.Error, FrameKind.Error, exchangeId, new(buffer[..length]));
        return true;
    }

    /// <summary>
    /// Gives up an exchange of either side. After cancelling a request of this end nothing more of it is reported, though
    /// it counts as outstanding until the peer has answered. False where the exchange is already over.
    /// </summary>
    public bool SendCancel(ulong exchangeId)
    {
        if (State == SessionState.Closed)
        {
            return false;
        }

        if (_exchanges.TryFinishInbound(exchangeId, out var inbound))
        {
            SendAnswer(in inbound, inbound.Code, FrameKind.Cancel, exchangeId, default);
            return true;
        }

        if (!_exchanges.TryCancelOutbound(exchangeId, out var outbound, out var isOpen))
        {
            return false;
        }

        if (isOpen)
        {
            Enqueue(outbound.Priority, new() { MessageType = outbound.Code, Flags = outbound.Priority.ToFlags(), Kind = FrameKind.Cancel, ExchangeId = exchangeId }, default);
        }

        return true;
    }

    /// <summary>Lets the peer send stream items up to, not including, number <paramref name="limit"/>. Never goes down.</summary>
    public bool GrantCredit(ulong exchangeId, ulong limit)
    {
        if (State == SessionState.Closed || !_exchanges.TryGrant(exchangeId, limit, out var priority))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[ControlMessages.MaxLength];
        Enqueue(priority, new() { MessageType = FrameCode.Credit }, new(buffer[..ControlMessages.WriteCredit(buffer, exchangeId, limit)]));
        return true;
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
        if (total == 0 && _handshake is { HasPendingFlight: true } handshake)
        {
            handshake.WriteFlight(now);
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

    private ulong SendRequest(byte code, OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        _exchanges.RequireRoomForRequest();
        var id = _exchanges.TakeId();
        var priority = _packer.AdmitRequest(options.Priority, id);
        Enqueue(priority, new() { MessageType = code, Flags = priority.ToFlags(), Kind = FrameKind.Request, ExchangeId = id }, payload, options.Compressible);
        _exchanges.AddRequest(id, code, priority, options.Stream);
        if (options.Stream)
        {
            GrantCredit(id, options.InitialCredit);
        }

        return id;
    }

    private ulong SendOneWay(byte code, OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        var entry = new BatchEntry { MessageType = code, Flags = options.Priority.ToFlags() };
        if (options.RequiresAck)
        {
            _exchanges.RequireRoomForAck();
            entry.ExchangeId = _exchanges.TakeId();
            entry.Flags |= FrameFlags.RequiresAck;
        }

        var channel = ChannelFor(options.Transport, payload.Length);
        Enqueue(options.Priority, entry, payload, options.Compressible, channel);
        if (options.RequiresAck)
        {
            channel?.Track(entry.ExchangeId);
            _exchanges.AddAwaitingAck(entry.ExchangeId, code);
        }

        return entry.ExchangeId;
    }

    private bool SendResponse(ulong exchangeId, OutgoingPayload payload, bool compressible)
    {
        if (Unsafe.IsNullRef(ref _exchanges.FindInbound(exchangeId)))
        {
            return false;
        }

        RequireFits(payload.Length);
        _exchanges.TryFinishInbound(exchangeId, out var exchange);
        SendAnswer(in exchange, exchange.Code, FrameKind.Response, exchangeId, payload, compressible);
        return true;
    }

    private SendItemResult SendItem(ulong exchangeId, OutgoingPayload payload, bool compressible, TransportClass transport)
    {
        ref var exchange = ref _exchanges.FindInbound(exchangeId);
        if (Unsafe.IsNullRef(ref exchange) || exchange.Cancelled)
        {
            return SendItemResult.Gone;
        }

        RequireFits(payload.Length + sizeof(ulong));
        if (exchange.Items >= exchange.Credit)
        {
            return SendItemResult.NoCredit;
        }

        var entry = new BatchEntry { MessageType = exchange.Code, Flags = exchange.Priority.ToFlags() | FrameFlags.StreamData, Kind = FrameKind.StreamItem, ExchangeId = exchangeId };
        Enqueue(exchange.Priority, entry, payload, compressible, ChannelFor(transport, payload.Length + sizeof(ulong)), exchange.Items);
        exchange.Items++;
        return SendItemResult.Sent;
    }

    private void SendAnswer(in InboundExchange exchange, byte code, FrameKind kind, ulong exchangeId, OutgoingPayload payload, bool compressible = false) =>
        Enqueue(exchange.Priority, new() { MessageType = code, Flags = exchange.Priority.ToFlags(), Kind = kind, ExchangeId = exchangeId }, payload, compressible);

    private void Enqueue(MessagePriority priority, BatchEntry entry, OutgoingPayload payload, bool compressible = false, DatagramChannel? channel = null, ulong itemNumber = 0)
    {
        _counters.MessagesSent++;
        if (channel is not null)
        {
            _packer.Add(channel.Queue, entry, payload, compressible, itemNumber);
        }
        else
        {
            _packer.Add(priority, entry, payload, compressible, itemNumber);
        }
    }

    /// <summary>Messages that prefer datagrams and fit one take them; the others go on the stream.</summary>
    private DatagramChannel? ChannelFor(TransportClass transport, int length) =>
        transport == TransportClass.Fast && _datagrams?.Takes(length + _packer.PaddingFor(length)) == true ? _datagrams : null;

    private void RequireSendable(byte code, int length)
    {
        if (!FrameCode.IsApplication(code))
        {
            throw new XtmpException(XtmpErrorCode.UnknownMessageType, Fault.Local, $"0x{code:X2} is not a code of a schema.");
        }

        if (State == SessionState.Closing)
        {
            throw new XtmpException(XtmpErrorCode.ConnectionClosed, Fault.Local, "The session is closing.");
        }

        RequireFits(length);
    }

    private void RequireFits(int length)
    {
        if (State == SessionState.Closed)
        {
            throw Close!.ToException();
        }

        if (length > _peerLimits.MaxMessageBytes)
        {
            throw new XtmpException(XtmpErrorCode.LimitExceeded, Fault.Local, $"A message of {length} bytes is over the peer's limit of {_peerLimits.MaxMessageBytes}.");
        }

        if (SendQueueBytes + length > _limits.MaxSendQueueBytes)
        {
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{SendQueueBytes} bytes wait to be sent.", retryable: true);
        }
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

    private static IXtmpMessage Required(IXtmpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message;
    }
}
