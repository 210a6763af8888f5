using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Messages in: exchanges, streams, acks, errors and cancels.</content>
public abstract partial class XtmpSession
{
    private const int RawLengthSize = sizeof(uint);
    private Dictionary<ulong, InboundExchange>? _inbound;
    private Dictionary<ulong, OutboundExchange>? _outbound;
    private Dictionary<ulong, byte>? _awaitingAck;
    // Ids of one end go up by two: half of each is what the windows count.
    private IdWindow _requestsSeen;
    private IdWindow _ackedSeen;

    private ulong PeerParity => Role == PeerRole.Client ? 0u : 1u;

    private bool IsPeers(ulong exchangeId) => exchangeId != 0 && (exchangeId & 1) == PeerParity;

    private bool IsOwn(ulong exchangeId) => exchangeId != 0 && (exchangeId & 1) != PeerParity;

    private void HandleMessage(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        _counters.MessagesReceived++;
        _keepAlive.Used(_now.Monotonic);
        if ((message.Flags & FrameFlags.Compressed) != 0 && !IsAcceptableCompression(in message, payload))
        {
            Violate(isDatagram, SessionCloseReason.LimitExceeded, $"A compressed message 0x{message.MessageType:X2} may not be, or claims more bytes than it can have.");
            return;
        }

        if ((message.MessageType == FrameCode.Error) != (message.Kind == FrameKind.Error))
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, "Message 0xFE and kind 6 belong together.");
            return;
        }

        switch (message.Kind)
        {
            case FrameKind.OneWay:
                HandleOneWay(in message, payload, isDatagram);
                break;
            case FrameKind.Request:
                HandleRequest(in message, payload, isDatagram);
                break;
            case FrameKind.Response:
            case FrameKind.StreamItem:
            case FrameKind.StreamEnd:
            case FrameKind.Error:
                HandleAnswer(in message, payload, isDatagram);
                break;
            case FrameKind.Ack:
                HandleAck(in message, payload, isDatagram);
                break;
            case FrameKind.Cancel:
                HandleCancel(in message, payload, isDatagram);
                break;
        }
    }

    private bool IsAcceptableCompression(in BatchEntry message, ArraySegment<byte> payload) =>
        message.Kind <= FrameKind.StreamItem
        && payload.Count >= RawLengthSize
        && BinaryPrimitives.ReadUInt32LittleEndian(payload) is var claimed
        && claimed <= (uint)Limits.MaxMessageBytes
        && (Options.CompressionBounds is not { } bounds || (bounds.MaxBytes(message.MessageType, message.Kind) is > 0 and var max && claimed <= (uint)max));

    private void HandleOneWay(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        var wantsAck = (message.Flags & FrameFlags.RequiresAck) != 0;
        if (wantsAck ? !IsPeers(message.ExchangeId) : message.ExchangeId != 0)
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"One-way message 0x{message.MessageType:X2} carries exchange {message.ExchangeId}.");
            return;
        }

        if (wantsAck)
        {
            // Only the datagram half sends a message again; what was seen, or is too old to tell, is acked and dropped.
            var known = _ackedSeen.Contains(message.ExchangeId >> 1);
            Reply(PriorityOf(message.Flags), message.MessageType, FrameKind.Ack, message.ExchangeId, default);
            if (known)
            {
                return;
            }

            _ackedSeen.Mark(message.ExchangeId >> 1);
        }

        // A one-way message of an unknown type has nobody to tell: it is dropped, as the rules for old receivers want.
        if (FrameCode.IsApplication(message.MessageType))
        {
            AddMessageEvent(SessionEventKind.OneWay, in message, payload, isDatagram);
        }
    }

    private void HandleRequest(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        var id = message.ExchangeId;
        if (!IsPeers(id))
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"Request 0x{message.MessageType:X2} carries exchange {id}, which is not the sender's to choose.");
            return;
        }

        if (_requestsSeen.Contains(id >> 1))
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"Exchange {id} is used a second time.");
            return;
        }

        _requestsSeen.Mark(id >> 1);
        if (State == SessionState.Closing)
        {
            return;
        }

        _inbound ??= [];
        ref var exchange = ref CollectionsMarshal.GetValueRefOrAddDefault(_inbound, id, out _);
        exchange = new() { Code = message.MessageType, Priority = PriorityOf(message.Flags), IsDatagram = isDatagram, Credit = (ulong)_peerLimits.InitialStreamCredit };
        if (!FrameCode.IsApplication(message.MessageType))
        {
            ReplyWithError(id, XtmpErrorCode.UnknownMessageType, $"Message type 0x{message.MessageType:X2} is not known here.", retryable: false);
        }
        else if (_inbound.Count > Limits.MaxConcurrentRequests)
        {
            ReplyWithError(id, XtmpErrorCode.Overloaded, $"More than {Limits.MaxConcurrentRequests} requests are unanswered.", retryable: true);
        }
        else
        {
            AddMessageEvent(SessionEventKind.Request, in message, payload, isDatagram);
        }
    }

    private void HandleAnswer(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        var id = message.ExchangeId;
        ref var exchange = ref FindOutbound(id);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref exchange))
        {
            HandleErrorOfOneWay(in message, payload, isDatagram);
            return;
        }

        var isUnary = message.Kind == FrameKind.Response;
        if (exchange.Ended
            || (message.Kind != FrameKind.Error && (exchange.Code != message.MessageType || isUnary == exchange.IsStream)))
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"Message 0x{message.MessageType:X2} of kind {(byte)message.Kind} does not answer exchange {id}.");
            return;
        }

        RemoteError? error = null;
        if (message.Kind == FrameKind.Error && (error = ErrorMessage.Read(payload)) is null)
        {
            Violate(isDatagram, SessionCloseReason.MalformedPayload, $"The error that answers exchange {id} is malformed.");
            return;
        }

        if (message.Kind == FrameKind.StreamEnd && payload.Count > 0 && !PayloadPadding.IsValid(payload, 0))
        {
            Violate(isDatagram, SessionCloseReason.MalformedPayload, "A stream end carries no payload.");
            return;
        }

        if (message.Kind == FrameKind.StreamItem)
        {
            AddMessageEvent(SessionEventKind.Item, in message, payload, isDatagram);
            return;
        }

        // Items before the end may still wait in the queue and need the exchange, which goes when the end is taken.
        exchange.Ended = true;
        ref var pending = ref _events.Add();
        pending.Kind = message.Kind switch { FrameKind.Response => SessionEventKind.Response, FrameKind.StreamEnd => SessionEventKind.End, _ => SessionEventKind.Error };
        pending.EndsExchange = true;
        pending.Detail = error;
        Fill(ref pending, in message, payload, isDatagram);
    }

    private void HandleErrorOfOneWay(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        if (message.Kind == FrameKind.Error && _awaitingAck?.Remove(message.ExchangeId) == true && ErrorMessage.Read(payload) is { } error)
        {
            ref var pending = ref _events.Add();
            pending.Kind = SessionEventKind.Error;
            pending.Detail = error;
            Fill(ref pending, in message, payload, isDatagram);
            return;
        }

        Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"Message 0x{message.MessageType:X2} of kind {(byte)message.Kind} answers exchange {message.ExchangeId}, which asked nothing.");
    }

    private void HandleAck(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        if (_awaitingAck is null || !_awaitingAck.TryGetValue(message.ExchangeId, out var code))
        {
            // A message sent again by datagram is acked again; on the stream nothing is.
            if (!_datagramsWereUsed || !IsOwn(message.ExchangeId) || message.ExchangeId >= _nextExchangeId)
            {
                Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"An ack for exchange {message.ExchangeId}, which waits for none.");
            }

            return;
        }

        if (code != message.MessageType || !PayloadPadding.IsValid(payload, 0))
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"The ack for exchange {message.ExchangeId} is not of its message.");
            return;
        }

        _awaitingAck.Remove(message.ExchangeId);
        Acknowledged(message.ExchangeId);
        AddMessageEvent(SessionEventKind.Ack, in message, default, isDatagram);
    }

    private void HandleCancel(in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        var id = message.ExchangeId;
        if (!PayloadPadding.IsValid(payload, 0))
        {
            Violate(isDatagram, SessionCloseReason.MalformedPayload, "A cancel carries no payload.");
            return;
        }

        if (IsPeers(id) && _requestsSeen.Contains(id >> 1))
        {
            // One that is answered already has crossed the answer on its way, and says nothing any more.
            if (_inbound is null)
            {
                return;
            }

            ref var inbound = ref CollectionsMarshal.GetValueRefOrNullRef(_inbound, id);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref inbound) && !inbound.Cancelled && inbound.Code == message.MessageType)
            {
                inbound.Cancelled = true;
                AddMessageEvent(SessionEventKind.Cancel, in message, default, isDatagram);
            }

            return;
        }

        ref var outbound = ref FindOutbound(id);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref outbound) || outbound.Ended || outbound.Code != message.MessageType)
        {
            Violate(isDatagram, SessionCloseReason.UnexpectedMessage, $"A cancel for exchange {id}, which is not open.");
            return;
        }

        outbound.Ended = true;
        ref var pending = ref _events.Add();
        pending.Kind = SessionEventKind.Cancel;
        pending.EndsExchange = true;
        Fill(ref pending, in message, default, isDatagram);
    }

    private ref OutboundExchange FindOutbound(ulong id) =>
        ref _outbound is null
            ? ref System.Runtime.CompilerServices.Unsafe.NullRef<OutboundExchange>()
            : ref CollectionsMarshal.GetValueRefOrNullRef(_outbound, id);

    private void AddMessageEvent(SessionEventKind kind, in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        ref var pending = ref _events.Add();
        pending.Kind = kind;
        Fill(ref pending, in message, payload, isDatagram);
    }

    private static void Fill(ref PendingEvent pending, in BatchEntry message, ArraySegment<byte> payload, bool isDatagram)
    {
        pending.Code = message.MessageType;
        pending.ExchangeId = message.ExchangeId;
        pending.Compressed = (message.Flags & FrameFlags.Compressed) != 0;
        pending.IsDatagram = isDatagram;
        pending.Buffer = payload.Array;
        pending.Offset = payload.Offset;
        pending.Length = payload.Count;
    }

    private static MessagePriority PriorityOf(FrameFlags flags) =>
        (flags & FrameFlags.Emergency) != 0 ? MessagePriority.Emergency
        : (flags & FrameFlags.PriorityHigh) != 0 ? MessagePriority.High
        : MessagePriority.Normal;
}
