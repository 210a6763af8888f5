using System.Runtime.CompilerServices;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// What this end has to say, from the call that asks for it to the queue it waits in: the exchange's rules are kept, the
/// peer's limits too, and a message that prefers datagrams takes them where it can.
/// </summary>
internal sealed class Outbox(ExchangeTable exchanges, FramePacker packer, SessionLimits limits) : IDisposable
{
    /// <summary>Null while, or since, there is no way for datagrams.</summary>
    public DatagramChannel? Datagrams { get; set; }

    /// <summary>Bytes waiting, entries included.</summary>
    public long Bytes => packer.Bytes + (Datagrams?.Queue.Bytes ?? 0);

    public long MessagesSent { get; private set; }

    public ulong SendRequest(byte code, in OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        exchanges.RequireRoomForRequest();
        var id = exchanges.TakeId();
        var priority = packer.AdmitRequest(options.Priority, id);
        Add(EntryOf(code, priority, FrameKind.Request, id), in payload, options.Compressible);
        exchanges.AddRequest(id, code, priority, options.Stream);
        if (options.Stream)
        {
            GrantCredit(id, options.InitialCredit);
        }

        return id;
    }

    public ulong SendOneWay(byte code, in OutgoingPayload payload, in SendOptions options)
    {
        RequireSendable(code, payload.Length);
        var entry = EntryOf(code, options.Priority, FrameKind.OneWay, 0);
        if (options.RequiresAck)
        {
            exchanges.RequireRoomForAck();
            entry.ExchangeId = exchanges.TakeId();
            entry.Flags |= FrameFlags.RequiresAck;
        }

        var channel = ChannelFor(options.Transport, payload.Length);
        Add(in entry, in payload, options.Compressible, channel);
        if (options.RequiresAck)
        {
            channel?.Track(entry.ExchangeId);
            exchanges.AddAwaitingAck(entry.ExchangeId, code);
        }

        return entry.ExchangeId;
    }

    public bool SendResponse(ulong id, in OutgoingPayload payload, bool compressible)
    {
        if (Unsafe.IsNullRef(ref exchanges.FindInbound(id)))
        {
            return false;
        }

        RequireFits(payload.Length, Fault.Peer);
        exchanges.TryFinishInbound(id, out var exchange);
        Add(EntryOf(exchange.Code, exchange.Priority, FrameKind.Response, id), in payload, compressible);
        return true;
    }

    public SendItemResult SendItem(ulong id, in OutgoingPayload payload, bool compressible, TransportClass transport)
    {
        ref var exchange = ref exchanges.FindInbound(id);
        if (Unsafe.IsNullRef(ref exchange) || exchange.Cancelled)
        {
            return SendItemResult.Gone;
        }

        RequireFits(payload.Length + sizeof(ulong), Fault.Peer);
        if (exchange.Items >= exchange.Credit)
        {
            return SendItemResult.NoCredit;
        }

        var entry = EntryOf(exchange.Code, exchange.Priority, FrameKind.StreamItem, id);
        entry.Flags |= FrameFlags.StreamData;

        // The item that uses up the credit takes the stream: where all before it were lost, the receiver still learns to give more.
        var channel = exchange.Items + 1 < exchange.Credit ? ChannelFor(transport, payload.Length + sizeof(ulong)) : null;
        Add(in entry, in payload, compressible, channel, exchange.Items);
        exchange.Items++;
        return SendItemResult.Sent;
    }

    public bool SendEnd(ulong id)
    {
        if (!exchanges.TryFinishInbound(id, out var exchange))
        {
            return false;
        }

        Add(EntryOf(exchange.Code, exchange.Priority, FrameKind.StreamEnd, id), default);
        return true;
    }

    public bool SendError(ulong id, XtmpErrorCode code, string text, string? field, bool retryable, TimeSpan? retryAfter, ReadOnlySpan<byte> detail)
    {
        if (!exchanges.TryFinishInbound(id, out var exchange))
        {
            return false;
        }

        Span<byte> buffer = detail.IsEmpty ? stackalloc byte[ErrorMessage.MaxLength] : new byte[ErrorMessage.MaxLength + detail.Length];
        var length = ErrorMessage.Write(buffer, code, text, field, retryable, retryAfter, detail);
        Add(EntryOf(FrameCode.Error, exchange.Priority, FrameKind.Error, id), new(buffer[..length]));
        return true;
    }

    public bool SendCancel(ulong id)
    {
        if (exchanges.TryFinishInbound(id, out var inbound))
        {
            Add(EntryOf(inbound.Code, inbound.Priority, FrameKind.Cancel, id), default);
            return true;
        }

        if (!exchanges.TryCancelOutbound(id, out var outbound, out var isOpen))
        {
            return false;
        }

        if (isOpen)
        {
            Add(EntryOf(outbound.Code, outbound.Priority, FrameKind.Cancel, id), default);
        }

        return true;
    }

    public bool GrantCredit(ulong id, ulong limit)
    {
        if (!exchanges.TryGrant(id, limit, out var priority))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[ControlMessages.MaxLength];
        MessagesSent++;
        packer.Add(priority, new() { MessageType = FrameCode.Credit }, new(buffer[..ControlMessages.WriteCredit(buffer, id, limit)]));
        return true;
    }

    /// <summary>Acks and refusals of a message of the peer; one that never takes them is cut off before they pile up.</summary>
    public SessionClose? Answer(in BatchEntry message, in Reception reception)
    {
        Span<byte> payload = stackalloc byte[reception.SendsAck ? 0 : ErrorMessage.MaxLength];
        var length = reception.SendsAck ? 0 : ErrorMessage.Write(payload, reception.Refusal, reception.RefusalText!, null, reception.Refusal == XtmpErrorCode.Overloaded, null);
        if (packer.Bytes + length > limits.MaxSendQueueBytes)
        {
            return SessionClose.Violation(SessionCloseReason.LimitExceeded, "The peer sends without taking its answers.");
        }

        var answer = new BatchEntry
        {
            MessageType = reception.SendsAck ? message.MessageType : FrameCode.Error,
            Kind = reception.SendsAck ? FrameKind.Ack : FrameKind.Error,
            ExchangeId = message.ExchangeId,
        };
        MessagesSent++;
        packer.Add(message.Flags.ToPriority(), answer, new(payload[..length]));
        return null;
    }

    /// <summary>A message of the session itself, ahead of all others.</summary>
    public void AddControl(byte code, ReadOnlySpan<byte> payload)
    {
        MessagesSent++;
        packer.AddControl(code, payload);
    }

    /// <summary>What datagrams do not carry any more goes on the stream. True where the channel is lost and has gone with it.</summary>
    public bool TakeFromDatagrams()
    {
        if (Datagrams is not { } channel)
        {
            return false;
        }

        while (channel.TryTakeForStream(out var entry, out var body))
        {
            packer.AddPacked(in entry, body);
        }

        if (!channel.IsLost)
        {
            return false;
        }

        channel.Dispose();
        Datagrams = null;
        return true;
    }

    /// <summary>Drops what waits.</summary>
    public void Dispose()
    {
        packer.Dispose();
        Datagrams?.Dispose();
        Datagrams = null;
    }

    private static BatchEntry EntryOf(byte code, MessagePriority priority, FrameKind kind, ulong id) =>
        new() { MessageType = code, Flags = priority.ToFlags(), Kind = kind, ExchangeId = id };

    private void Add(in BatchEntry entry, scoped in OutgoingPayload payload, bool compressible = false, DatagramChannel? channel = null, ulong itemNumber = 0)
    {
        MessagesSent++;
        if (channel is not null)
        {
            packer.AddTo(channel.Queue, in entry, in payload, compressible, itemNumber);
        }
        else
        {
            packer.Add(entry.Flags.ToPriority(), in entry, in payload, compressible, itemNumber);
        }
    }

    /// <summary>Messages that prefer datagrams and fit one take them; the others go on the stream.</summary>
    private DatagramChannel? ChannelFor(TransportClass transport, int length) =>
        transport == TransportClass.Fast && Datagrams?.Takes(length + packer.PaddingFor(length)) == true ? Datagrams : null;

    private void RequireSendable(byte code, int length)
    {
        if (!FrameCode.IsApplication(code))
        {
            throw UnknownType(code);
        }

        RequireFits(length, Fault.Local);
    }

    /// <param name="length">Bytes of the message.</param>
    /// <param name="tooLong">At fault where the peer takes no message so long: who asked for it.</param>
    private void RequireFits(int length, Fault tooLong)
    {
        if (length > exchanges.PeerLimits.MaxMessageBytes)
        {
            throw TooLong(length, exchanges.PeerLimits.MaxMessageBytes, tooLong);
        }

        if (length > limits.MaxSendQueueBytes)
        {
            throw LongerThanQueue(length, limits.MaxSendQueueBytes);
        }

        if (Bytes + length > limits.MaxSendQueueBytes)
        {
            throw QueueIsFull(Bytes);
        }
    }

    private static XtmpException UnknownType(byte code) => new(XtmpErrorCode.UnknownMessageType, Fault.Local, $"0x{code:X2} is not a code of a schema.");

    private static XtmpException TooLong(int length, int limit, Fault fault) =>
        new(XtmpErrorCode.LimitExceeded, fault, $"A message of {length} bytes is over the peer's limit of {limit}.");

    // Waiting would not help: an empty queue is too small for it as well.
    private static XtmpException LongerThanQueue(int length, long limit) =>
        new(XtmpErrorCode.LimitExceeded, Fault.Local, $"A message of {length} bytes is over MaxSendQueueBytes, which is {limit}.");

    private static XtmpException QueueIsFull(long bytes) => new(XtmpErrorCode.Overloaded, Fault.Local, $"{bytes} bytes wait to be sent.", retryable: true);
}
