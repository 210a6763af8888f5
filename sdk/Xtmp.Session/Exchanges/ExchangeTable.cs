using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>
/// The exchanges of a session: ids and their windows, what is unanswered on either side, acks, the order of items and their
/// credit (SPEC §4). Holds no payloads, sends nothing and reports nothing: it tells what is to be sent and reported. A
/// broken rule is a <see cref="SessionClose"/>, which on datagrams means no more than a dropped message.
/// </summary>
internal sealed class ExchangeTable(PeerRole role, SessionLimits limits)
{
    private readonly ulong _peerParity = role == PeerRole.Client ? 0u : 1u;

    // Made on first use: most sessions at rest have asked or been asked nothing of each kind.
    private Dictionary<ulong, InboundExchange>? _inbound;
    private Dictionary<ulong, OutboundExchange>? _outbound;
    private Dictionary<ulong, byte>? _awaitingAck;
    private ulong _nextId = role == PeerRole.Client ? 1u : 2u;

    // Ids of one end go up by two: half of each is what the windows count.
    private IdWindow _requestsSeen;
    private IdWindow _ackedSeen;
    private bool _peerLimitsKnown;
    private bool _isClosing;

    /// <summary>Requests of this end without an answer yet.</summary>
    public int Outstanding => _outbound?.Count ?? 0;

    /// <summary>What the peer takes; the defaults until the handshake tells.</summary>
    public AnnouncedLimits PeerLimits { get; private set; } = AnnouncedLimits.Default;

    /// <summary>Items may have gone by datagram, in any order, and messages may come twice.</summary>
    public bool HasDatagrams { get; set; }

    /// <summary>The handshake tells what the peer takes.</summary>
    public void SetPeerLimits(AnnouncedLimits announced)
    {
        PeerLimits = announced;
        _peerLimitsKnown = true;
    }

    /// <summary>From now on requests of the peer are not taken; what it answers still counts.</summary>
    public void StopAccepting() => _isClosing = true;

    /// <summary>Nothing is answered any more. What waits to be reported still finds its exchange.</summary>
    public void Close()
    {
        _isClosing = true;
        _inbound = null;
    }

    /// <exception cref="XtmpException">Overloaded: the peer takes no more requests at one time.</exception>
    public void RequireRoomForRequest()
    {
        var max = _peerLimitsKnown ? PeerLimits.MaxConcurrentRequests : limits.MaxConcurrentRequests;
        if (Outstanding >= max)
        {
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{Outstanding} requests are unanswered, and the peer takes no more at one time.", retryable: true);
        }
    }

    /// <exception cref="XtmpException">Overloaded: too many messages wait for their ack.</exception>
    public void RequireRoomForAck()
    {
        if (_awaitingAck?.Count >= IdWindow.Size / 2)
        {
            throw new XtmpException(XtmpErrorCode.Overloaded, Fault.Local, $"{_awaitingAck.Count} messages wait for their ack.", retryable: true);
        }
    }

    /// <summary>The next id of this end.</summary>
    /// <exception cref="XtmpException">KeyLimitReached: all have been used.</exception>
    public ulong TakeId()
    {
        if (_nextId > FrameLayout.MaxExchangeId)
        {
            throw new XtmpException(XtmpErrorCode.KeyLimitReached, Fault.Local, "The session has used up its exchange ids.");
        }

        var id = _nextId;
        _nextId += 2;
        return id;
    }

    /// <summary>A request of this end is on its way.</summary>
    public void AddRequest(ulong id, byte code, MessagePriority priority, bool isStream) =>
        (_outbound ??= []).Add(id, new() { Code = code, Priority = priority, IsStream = isStream, Credit = (ulong)limits.InitialStreamCredit });

    /// <summary>A one-way message of this end that asks for an ack is on its way.</summary>
    public void AddAwaitingAck(ulong id, byte code) => (_awaitingAck ??= []).Add(id, code);

    /// <summary>Raises the credit of a stream this end asked for; false where that changes nothing.</summary>
    public bool TryGrant(ulong id, ulong limit, out MessagePriority priority)
    {
        ref var exchange = ref FindOutbound(id);
        if (Unsafe.IsNullRef(ref exchange) || !exchange.IsStream || exchange.Ended || exchange.Cancelled || limit <= exchange.Credit)
        {
            priority = default;
            return false;
        }

        priority = exchange.Priority;
        exchange.Credit = limit;
        return true;
    }

    /// <summary>Gives up a request of this end; false where it is over. <paramref name="isOpen"/>: the peer is to be told.</summary>
    public bool TryCancelOutbound(ulong id, out OutboundExchange exchange, out bool isOpen)
    {
        ref var found = ref FindOutbound(id);
        if (Unsafe.IsNullRef(ref found) || found.Cancelled)
        {
            (exchange, isOpen) = (default, false);
            return false;
        }

        found.Cancelled = true;
        isOpen = !found.Ended;
        exchange = found;
        return true;
    }

    /// <summary>A request of the peer, or a null reference where it is answered or never was.</summary>
    public ref InboundExchange FindInbound(ulong id)
    {
        if (_inbound is null)
        {
            return ref Unsafe.NullRef<InboundExchange>();
        }

        return ref CollectionsMarshal.GetValueRefOrNullRef(_inbound, id);
    }

    /// <summary>Takes a request of the peer off the table, because its answer is sent now.</summary>
    public bool TryFinishInbound(ulong id, out InboundExchange exchange)
    {
        exchange = default;
        return _inbound is not null && _inbound.Remove(id, out exchange);
    }

    /// <summary>A Credit message. <paramref name="exchange"/> is what it applies to; Code 0: nothing to report.</summary>
    public SessionClose? ReceiveCredit(ulong id, ulong limit, out InboundExchange exchange)
    {
        exchange = default;
        ref var found = ref FindInbound(id);
        if (Unsafe.IsNullRef(ref found))
        {
            // Credit that crossed the end of its stream says nothing any more.
            return IsPeers(id) && _requestsSeen.Contains(id >> 1)
                ? null
                : Unexpected($"Credit for exchange {id}, which never was.");
        }

        if (limit < found.Credit)
        {
            return Unexpected($"Credit for exchange {id} went down from {found.Credit} to {limit}.");
        }

        found.Credit = limit;
        exchange = found.Cancelled ? default : found;
        return null;
    }

    /// <summary>A message of the peer, before it is decompressed.</summary>
    public SessionClose? Receive(in BatchEntry message, ReadOnlySpan<byte> payload, out Reception reception)
    {
        reception = default;
        if ((message.MessageType == FrameCode.Error) != (message.Kind == FrameKind.Error))
        {
            return Unexpected("Message 0xFE and kind 6 belong together.");
        }

        return message.Kind switch
        {
            FrameKind.OneWay => ReceiveOneWay(in message, ref reception),
            FrameKind.Request => ReceiveRequest(in message, ref reception),
            FrameKind.Ack => ReceiveAck(in message, payload, ref reception),
            FrameKind.Cancel => ReceiveCancel(in message, payload, ref reception),
            _ => ReceiveAnswer(in message, payload, ref reception),
        };
    }

    /// <summary>The report that ends an exchange is taken; false where this end has given it up and nobody is to hear of it.</summary>
    public bool TryTakeAnswer(ulong id) => _outbound is not null && _outbound.Remove(id, out var ended) && !ended.Cancelled;

    /// <summary>An item is about to be reported; <paramref name="isWanted"/> false: it is swallowed.</summary>
    public SessionClose? TakeItem(ulong id, ulong number, out bool isWanted)
    {
        isWanted = false;
        ref var exchange = ref FindOutbound(id);
        if (Unsafe.IsNullRef(ref exchange))
        {
            return null;
        }

        if (number >= exchange.Credit || !IsExpected(ref exchange, number))
        {
            return Unexpected($"Item {number} of exchange {id} came a second time, out of order or over the credit of {exchange.Credit}.");
        }

        exchange.NextItem = Math.Max(exchange.NextItem, number + 1);
        isWanted = !exchange.Cancelled;
        return null;
    }

    private SessionClose? ReceiveOneWay(in BatchEntry message, ref Reception reception)
    {
        var wantsAck = (message.Flags & FrameFlags.RequiresAck) != 0;
        if (wantsAck ? !IsPeers(message.ExchangeId) : message.ExchangeId != 0)
        {
            return ExchangeOfOneWay(in message);
        }

        if (wantsAck)
        {
            // Only the datagram half sends a message again; what was seen, or is too old to tell, is acked and dropped.
            reception.SendsAck = true;
            if (_ackedSeen.Contains(message.ExchangeId >> 1))
            {
                return null;
            }

            _ackedSeen.Mark(message.ExchangeId >> 1);
        }

        // A one-way message of an unknown type has nobody to tell: it is dropped, as the rules for old receivers want.
        reception.Event = FrameCode.IsApplication(message.MessageType) ? SessionEventKind.OneWay : SessionEventKind.None;
        return null;
    }

    private SessionClose? ReceiveRequest(in BatchEntry message, ref Reception reception)
    {
        var id = message.ExchangeId;
        if (!IsPeers(id))
        {
            return ExchangeOfOther(in message);
        }

        if (_requestsSeen.Contains(id >> 1))
        {
            return ExchangeUsedTwice(id);
        }

        _requestsSeen.Mark(id >> 1);
        if (_isClosing)
        {
            return null;
        }

        if (!FrameCode.IsApplication(message.MessageType))
        {
            reception.Refusal = XtmpErrorCode.UnknownMessageType;
            reception.RefusalText = UnknownType(message.MessageType);
        }
        else if (_inbound?.Count >= limits.MaxConcurrentRequests)
        {
            reception.Refusal = XtmpErrorCode.Overloaded;
            reception.RefusalText = TooMany(limits.MaxConcurrentRequests);
        }
        else
        {
            (_inbound ??= []).Add(id, new() { Code = message.MessageType, Priority = message.Flags.ToPriority(), Credit = (ulong)PeerLimits.InitialStreamCredit });
            reception.Event = SessionEventKind.Request;
        }

        return null;
    }

    private SessionClose? ReceiveAnswer(in BatchEntry message, ReadOnlySpan<byte> payload, ref Reception reception)
    {
        var id = message.ExchangeId;
        ref var exchange = ref FindOutbound(id);
        if (Unsafe.IsNullRef(ref exchange))
        {
            return ReceiveErrorOfOneWay(in message, payload, ref reception);
        }

        if (exchange.Ended
            || (message.Kind != FrameKind.Error && (exchange.Code != message.MessageType || (message.Kind == FrameKind.Response) == exchange.IsStream)))
        {
            return NoAnswer(in message);
        }

        switch (message.Kind)
        {
            case FrameKind.StreamItem:
                reception.Event = SessionEventKind.Item;
                return null;
            case FrameKind.Response:
                reception.Event = SessionEventKind.Response;
                break;
            case FrameKind.StreamEnd:
                if (!PayloadPadding.IsValid(payload, 0))
                {
                    return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A stream end carries no payload.");
                }

                reception.Event = SessionEventKind.End;
                break;
            default:
                reception.Error = ErrorMessage.Read(payload);
                if (reception.Error is null)
                {
                    return MalformedError(id);
                }

                reception.Event = SessionEventKind.Error;
                break;
        }

        // Items before the end may still wait to be reported and need the exchange, which goes when the end is taken.
        exchange.Ended = true;
        reception.EndsExchange = true;
        return null;
    }

    private SessionClose? ReceiveErrorOfOneWay(in BatchEntry message, ReadOnlySpan<byte> payload, ref Reception reception)
    {
        if (message.Kind == FrameKind.Error && _awaitingAck?.Remove(message.ExchangeId) == true && ErrorMessage.Read(payload) is { } error)
        {
            reception.Event = SessionEventKind.Error;
            reception.Error = error;
            return null;
        }

        return Unexpected($"Message 0x{message.MessageType:X2} of kind {(byte)message.Kind} answers exchange {message.ExchangeId}, which asked nothing.");
    }

    private SessionClose? ReceiveAck(in BatchEntry message, ReadOnlySpan<byte> payload, ref Reception reception)
    {
        var id = message.ExchangeId;
        if (_awaitingAck is null || !_awaitingAck.TryGetValue(id, out var code))
        {
            // A message sent again by datagram is acked again; on the stream nothing is.
            return HasDatagrams && IsOwn(id) && id < _nextId ? null : Unexpected($"An ack for exchange {id}, which waits for none.");
        }

        if (code != message.MessageType || !PayloadPadding.IsValid(payload, 0))
        {
            return Unexpected($"The ack for exchange {id} is not of its message.");
        }

        _awaitingAck.Remove(id);
        reception.Event = SessionEventKind.Ack;
        return null;
    }

    private SessionClose? ReceiveCancel(in BatchEntry message, ReadOnlySpan<byte> payload, ref Reception reception)
    {
        var id = message.ExchangeId;
        if (!PayloadPadding.IsValid(payload, 0))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "A cancel carries no payload.");
        }

        if (IsPeers(id) && _requestsSeen.Contains(id >> 1))
        {
            // One that is answered already has crossed the answer on its way, and says nothing any more.
            ref var inbound = ref FindInbound(id);
            if (!Unsafe.IsNullRef(ref inbound) && !inbound.Cancelled && inbound.Code == message.MessageType)
            {
                inbound.Cancelled = true;
                reception.Event = SessionEventKind.Cancel;
            }

            return null;
        }

        ref var outbound = ref FindOutbound(id);
        if (Unsafe.IsNullRef(ref outbound) || outbound.Ended || outbound.Code != message.MessageType)
        {
            return Unexpected($"A cancel for exchange {id}, which is not open.");
        }

        outbound.Ended = true;
        reception.Event = SessionEventKind.Cancel;
        reception.EndsExchange = true;
        return null;
    }

    // Items that may have gone by datagram come in any order, each once; without datagrams they count up.
    private bool IsExpected(ref OutboundExchange exchange, ulong number)
    {
        if (!HasDatagrams)
        {
            return number == exchange.NextItem;
        }

        if (exchange.Seen.Contains(number))
        {
            return false;
        }

        exchange.Seen.Mark(number);
        return true;
    }

    private ref OutboundExchange FindOutbound(ulong id)
    {
        if (_outbound is null)
        {
            return ref Unsafe.NullRef<OutboundExchange>();
        }

        return ref CollectionsMarshal.GetValueRefOrNullRef(_outbound, id);
    }

    private bool IsPeers(ulong id) => id != 0 && (id & 1) == _peerParity;

    private bool IsOwn(ulong id) => id != 0 && (id & 1) != _peerParity;

    // In methods of their own, since putting a text together makes the method that does it slower for every message.
    private static SessionClose ExchangeOfOneWay(in BatchEntry message) =>
        Unexpected($"One-way message 0x{message.MessageType:X2} carries exchange {message.ExchangeId}.");

    private static SessionClose ExchangeOfOther(in BatchEntry message) =>
        Unexpected($"Request 0x{message.MessageType:X2} carries exchange {message.ExchangeId}, which is not the sender's to choose.");

    private static SessionClose ExchangeUsedTwice(ulong id) => Unexpected($"Exchange {id} is used a second time.");

    private static SessionClose NoAnswer(in BatchEntry message) =>
        Unexpected($"Message 0x{message.MessageType:X2} of kind {(byte)message.Kind} does not answer exchange {message.ExchangeId}.");

    private static SessionClose MalformedError(ulong id) =>
        SessionClose.Violation(SessionCloseReason.MalformedPayload, $"The error that answers exchange {id} is malformed.");

    private static string UnknownType(byte code) => $"Message type 0x{code:X2} is not known here.";

    private static string TooMany(int limit) => $"More than {limit} requests are unanswered.";

    private static SessionClose Unexpected(string text) => SessionClose.Violation(SessionCloseReason.UnexpectedMessage, text);
}
