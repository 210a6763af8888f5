using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Messages out: what the application calls.</content>
public abstract partial class XtmpSession
{
    private AnnouncedLimits _peerLimits;
    private ulong _nextExchangeId;

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
    public ulong GetAvailableCredit(ulong exchangeId)
    {
        ref var exchange = ref FindInbound(exchangeId);
        return Unsafe.IsNullRef(ref exchange) || exchange.Credit < exchange.Items ? 0 : exchange.Credit - exchange.Items;
    }

    /// <summary>Ends a stream. False where the exchange is already over.</summary>
    public bool SendEnd(ulong exchangeId)
    {
        if (!TryFinishInbound(exchangeId, out var exchange))
        {
            return false;
        }

        Enqueue(_queue.Level(exchange.Priority), exchange.Code, FrameKind.StreamEnd, exchangeId, FlagsOf(exchange.Priority));
        return true;
    }

    /// <summary>Answers a request with an error, or ends a stream with one. False where the exchange is already over.</summary>
    public bool SendError(ulong exchangeId, XtmpErrorCode code, string text, string? field = null, bool retryable = false, TimeSpan? retryAfter = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!TryFinishInbound(exchangeId, out var exchange))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[ErrorMessage.MaxLength];
        var length = ErrorMessage.Write(buffer, code, text, field, retryable, retryAfter);
        Enqueue(_queue.Level(exchange.Priority), FrameCode.Error, FrameKind.Error, exchangeId, FlagsOf(exchange.Priority), new(buffer[..length]));
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

        if (TryFinishInbound(exchangeId, out var inbound))
        {
            Enqueue(_queue.Level(inbound.Priority), inbound.Code, FrameKind.Cancel, exchangeId, FlagsOf(inbound.Priority));
            return true;
        }

        ref var outbound = ref FindOutbound(exchangeId);
        if (Unsafe.IsNullRef(ref outbound) || outbound.Cancelled)
        {
            return false;
        }

        outbound.Cancelled = true;
        if (!outbound.Ended)
        {
            Enqueue(_queue.Level(outbound.Priority), outbound.Code, FrameKind.Cancel, exchangeId, FlagsOf(outbound.Priority));
        }

        return true;
    }

    /// <summary>Lets the peer send stream items up to, not including, number <paramref name="limit"/>. Never goes down.</summary>
    public bool GrantCredit(ulong exchangeId, ulong limit)
    {
        ref var exchange = ref FindOutbound(exchangeId);
        if (State == SessionState.Closed || Unsafe.IsNullRef(ref exchange) || !exchange.IsStream || exchange.Ended || exchange.Cancelled || limit <= exchange.Credit)
        {
            return false;
        }

        exchange.Credit = limit;
        Span<byte> buffer = stackalloc byte[ControlMessages.MaxLength];
        Enqueue(_queue.Level(exchange.Priority), FrameCode.Credit, FrameKind.OneWay, 0, FrameFlags.None, new(buffer[..ControlMessages.WriteCredit(buffer, exchangeId, limit)]));
        return true;
    }

    private ulong SendRequest(byte code, OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        var outstanding = OutstandingRequests;
        if (Established is not null ? outstanding >= _peerLimits.MaxConcurrentRequests : outstanding >= Limits.MaxConcurrentRequests)
        {
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{outstanding} requests are unanswered, and the peer takes no more at one time.", retryable: true);
        }

        var id = TakeExchangeId();
        var credit = Math.Max((ulong)Limits.InitialStreamCredit, options.InitialCredit);
        var priority = AdmitPriority(options.Priority, id);
        Enqueue(_queue.Level(priority), code, FrameKind.Request, id, FlagsOf(priority), payload, options.Compressible);
        _outbound ??= [];
        _outbound.Add(id, new() { Code = code, Priority = priority, IsStream = options.Stream, Credit = (ulong)Limits.InitialStreamCredit });
        if (options.Stream && credit > (ulong)Limits.InitialStreamCredit)
        {
            GrantCredit(id, credit);
        }

        return id;
    }

    private ulong SendOneWay(byte code, OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        ulong id = 0;
        var flags = FlagsOf(options.Priority);
        if (options.RequiresAck)
        {
            _awaitingAck ??= [];
            if (_awaitingAck.Count >= IdWindow.Size / 2)
            {
                throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{_awaitingAck.Count} messages wait for their ack.", retryable: true);
            }

            id = TakeExchangeId();
            flags |= FrameFlags.RequiresAck;
        }

        var level = RouteOf(options.Transport, options.Priority, payload.Length);
        Enqueue(level, code, FrameKind.OneWay, id, flags, payload, options.Compressible);
        if (id != 0)
        {
            _awaitingAck!.Add(id, code);
        }

        return id;
    }

    private bool SendResponse(ulong exchangeId, OutgoingPayload payload, bool compressible)
    {
        if (Unsafe.IsNullRef(ref FindInbound(exchangeId)))
        {
            return false;
        }

        RequireFits(payload.Length);
        if (!TryFinishInbound(exchangeId, out var exchange))
        {
            return false;
        }

        Enqueue(_queue.Level(exchange.Priority), exchange.Code, FrameKind.Response, exchangeId, FlagsOf(exchange.Priority), payload, compressible);
        return true;
    }

    private SendItemResult SendItem(ulong exchangeId, OutgoingPayload payload, bool compressible, TransportClass transport)
    {
        ref var exchange = ref FindInbound(exchangeId);
        if (Unsafe.IsNullRef(ref exchange) || exchange.Cancelled)
        {
            return SendItemResult.Gone;
        }

        RequireFits(payload.Length + sizeof(ulong));

        if (exchange.Items >= exchange.Credit)
        {
            return SendItemResult.NoCredit;
        }

        var level = RouteOf(transport, exchange.Priority, payload.Length + sizeof(ulong));
        Enqueue(level, exchange.Code, FrameKind.StreamItem, exchangeId, FlagsOf(exchange.Priority) | FrameFlags.StreamData, payload, compressible, exchange.Items);
        exchange.Items++;
        return SendItemResult.Sent;
    }

    /// <summary>An answer of the session itself; a peer that never takes them is cut off before they pile up.</summary>
    private void Reply(MessagePriority priority, byte code, FrameKind kind, ulong exchangeId, ReadOnlySpan<byte> payload)
    {
        if (_queue.Bytes + payload.Length > Limits.MaxSendQueueBytes)
        {
            Fail(SessionCloseReason.LimitExceeded, XtmpErrorCode.LimitExceeded, "The peer sends without taking its answers.");
            return;
        }

        Enqueue(_queue.Level(priority), code, kind, exchangeId, FrameFlags.None, new(payload));
    }

    private void ReplyWithError(ulong exchangeId, XtmpErrorCode code, string text, bool retryable)
    {
        _inbound!.Remove(exchangeId, out var exchange);
        Span<byte> buffer = stackalloc byte[ErrorMessage.MaxLength];
        Reply(exchange.Priority, FrameCode.Error, FrameKind.Error, exchangeId, buffer[..ErrorMessage.Write(buffer, code, text, null, retryable, null)]);
    }

    private void Enqueue(SendLevel level, byte code, FrameKind kind, ulong exchangeId, FrameFlags flags, OutgoingPayload payload = default, bool compressible = false, ulong itemNumber = 0)
    {
        var prefix = kind == FrameKind.StreamItem ? sizeof(ulong) : 0;
        var length = prefix + payload.Length;
        var entry = new BatchEntry { MessageType = code, Flags = flags, Kind = kind, ExchangeId = exchangeId };
        _counters.MessagesSent++;
        if (compressible && Options.CompressFromBytes > 0 && length >= Options.CompressFromBytes)
        {
            EnqueueCompressed(level, entry, length, prefix, payload, itemNumber);
            return;
        }

        var padding = FrameCode.IsControl(code) ? 0 : Options.Padding.PaddingFor(length);
        var body = level.Reserve(length + padding)[BatchEntry.Size..];
        WriteBody(body, prefix, payload, itemNumber);
        body.Slice(length, padding).Clear();
        entry.Length = length + padding;
        level.Commit(in entry);
    }

    private void EnqueueCompressed(SendLevel level, BatchEntry entry, int length, int prefix, OutgoingPayload payload, ulong itemNumber)
    {
        var plain = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            WriteBody(plain, prefix, payload, itemNumber);
            var body = level.Reserve(RawLengthSize + length)[BatchEntry.Size..];

            // Less than a sixteenth saved is not worth the other end's work.
            var compressed = Lz4Block.Compress(plain.AsSpan(0, length), body.Slice(RawLengthSize, length - (length / 16)));
            if (compressed > 0)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)length);
                entry.Length = RawLengthSize + compressed;
                entry.Flags |= FrameFlags.Compressed;
            }
            else
            {
                plain.AsSpan(0, length).CopyTo(body);
                entry.Length = length;
            }

            level.Commit(in entry);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    private static void WriteBody(Span<byte> body, int prefix, OutgoingPayload payload, ulong itemNumber)
    {
        if (prefix > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body, itemNumber);
        }

        payload.Write(body[prefix..]);
    }

    private ref InboundExchange FindInbound(ulong id) =>
        ref _inbound is null || State == SessionState.Closed
            ? ref Unsafe.NullRef<InboundExchange>()
            : ref CollectionsMarshal.GetValueRefOrNullRef(_inbound, id);

    private bool TryFinishInbound(ulong id, out InboundExchange exchange)
    {
        exchange = default;
        return State != SessionState.Closed && _inbound is not null && _inbound.Remove(id, out exchange);
    }

    /// <summary>
    /// The peer tells a repeated exchange id from a late one within a window. A request therefore takes no faster level
    /// than one that a much older request still waits in.
    /// </summary>
    private MessagePriority AdmitPriority(MessagePriority wanted, ulong id)
    {
        for (var lower = MessagePriority.Normal; lower < wanted; lower++)
        {
            var level = _queue.Level(lower);
            if (level.WaitingRequests > 0 && id - level.OldestRequest > IdWindow.Size)
            {
                wanted = lower;
            }
        }

        _queue.Level(wanted).RequestQueued(id);
        return wanted;
    }

    private ulong TakeExchangeId()
    {
        if (_nextExchangeId > FrameLayout.MaxExchangeId)
        {
            throw new XtmpException(XtmpErrorCode.KeyLimitReached, Fault.Local, "The session has used up its exchange ids.");
        }

        var id = _nextExchangeId;
        _nextExchangeId += 2;
        return id;
    }

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

        if (SendQueueBytes + length > Limits.MaxSendQueueBytes)
        {
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{SendQueueBytes} bytes wait to be sent.", retryable: true);
        }
    }

    private static IXtmpMessage Required(IXtmpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message;
    }

    private static FrameFlags FlagsOf(MessagePriority priority) => priority switch
    {
        MessagePriority.Emergency => FrameFlags.Emergency,
        MessagePriority.High => FrameFlags.PriorityHigh,
        _ => FrameFlags.None,
    };
}
