using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Events out, and the end of a session.</content>
public abstract partial class XtmpSession
{
    private byte[]? _presented;
    private int _presentedLength;

    /// <summary>The next event, if there is one. Its payload is valid until the next call.</summary>
    public bool PollEvent(out SessionEvent sessionEvent)
    {
        ReleasePresented();
        while (_events.TryTake(out var pending))
        {
            if (TryPresent(in pending, out sessionEvent))
            {
                return true;
            }
        }

        _arena.Reset();
        _events.Reset();
        sessionEvent = default;
        return false;
    }

    private bool TryPresent(in PendingEvent pending, out SessionEvent sessionEvent)
    {
        sessionEvent = default;
        var swallow = IsWithheld(pending.Kind);
        if (pending.EndsExchange)
        {
            swallow |= _outbound is null || !_outbound.Remove(pending.ExchangeId, out var ended) || ended.Cancelled;
        }

        ReadOnlyMemory<byte> payload = pending.Buffer is null ? default : pending.Buffer.AsMemory(pending.Offset, pending.Length);
        if (swallow || (pending.Compressed && !TryDecompress(ref payload)))
        {
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

    private bool TryDecompress(ref ReadOnlyMemory<byte> payload)
    {
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(payload.Span);
        _presented = ArrayPool<byte>.Shared.Rent(length);
        _presentedLength = length;
        if (!Lz4Block.TryDecompress(payload.Span[RawLengthSize..], _presented.AsSpan(0, length)))
        {
            ReleasePresented();
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A compressed message does not decompress to the length it claims.");
            return false;
        }

        payload = _presented.AsMemory(0, length);
        return true;
    }

    private bool TryTakeItem(in PendingEvent pending, ref ReadOnlyMemory<byte> payload, out ulong number)
    {
        number = 0;
        ref var exchange = ref FindOutbound(pending.ExchangeId);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref exchange))
        {
            return false;
        }

        if (payload.Length < sizeof(ulong))
        {
            Violate(pending.IsDatagram, SessionCloseReason.MalformedPayload, $"An item of exchange {pending.ExchangeId} is too short for its number.");
            return false;
        }

        number = BinaryPrimitives.ReadUInt64LittleEndian(payload.Span);
        payload = payload[sizeof(ulong)..];
        if (number >= exchange.Credit || !IsExpected(ref exchange, number))
        {
            Violate(pending.IsDatagram, SessionCloseReason.UnexpectedMessage, $"Item {number} of exchange {pending.ExchangeId} came a second time, out of order or over the credit of {exchange.Credit}.");
            return false;
        }

        exchange.NextItem = Math.Max(exchange.NextItem, number + 1);
        return !exchange.Cancelled;
    }

    // Items that may have gone by datagram come in any order, each once; otherwise they count up.
    private bool IsExpected(ref OutboundExchange exchange, ulong number)
    {
        if (!_datagramsWereUsed)
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

    private void ReleasePresented()
    {
        if (_presented is not null)
        {
            CryptographicOperations.ZeroMemory(_presented.AsSpan(0, _presentedLength));
            ArrayPool<byte>.Shared.Return(_presented);
            _presented = null;
        }
    }

    private void AddDetailEvent(SessionEventKind kind, object? detail)
    {
        ref var pending = ref _events.Add();
        pending.Kind = kind;
        pending.Detail = detail;
    }

    /// <summary>The peer broke a rule: the session is over at once.</summary>
    private protected void Fail(SessionCloseReason reason, XtmpErrorCode code, string text, Fault fault = Fault.Peer) =>
        End(new(reason, fault, code, text));

    /// <summary>The session is over: keys are erased, what is queued is dropped, Closed is the last event.</summary>
    private protected void End(SessionClose close)
    {
        if (State == SessionState.Closed)
        {
            return;
        }

        State = SessionState.Closed;
        Close = close;
        EraseKeys();
        _queue.Dispose();
        _assembler.Dispose();
        _reassembler.Dispose();
        DisposeDatagrams();
        HandshakeOver();
        AddDetailEvent(SessionEventKind.Closed, close);
    }

    /// <summary>What decides about the peer.</summary>
    private protected abstract ITrustPolicy PeerTrust { get; }

    /// <summary>Drops what only the handshake needs.</summary>
    private protected abstract void HandshakeOver();

    private protected void BecomeEstablished(EstablishedSession established, AnnouncedLimits peerLimits, bool withDatagrams)
    {
        Established = established;
        _peerLimits = peerLimits;
        State = SessionState.Established;
        _keepAlive.Established(_now.Monotonic);
        _lastRekey = _now.Monotonic;
        SetMaxPayload(FrameLayout.MaxPayload);
        HandshakeOver();
        if (withDatagrams)
        {
            EnableDatagrams();
        }

        AddDetailEvent(SessionEventKind.Established, established);
    }
}
