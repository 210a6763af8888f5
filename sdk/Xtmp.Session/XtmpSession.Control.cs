using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>The session's own messages in: heartbeats, credit, disconnect, tickets, rekey.</content>
public abstract partial class XtmpSession
{
    private void HandleControl(byte code, ReadOnlySpan<byte> payload, bool isDatagram)
    {
        if (isDatagram && code != FrameCode.Path && code != FrameCode.Heartbeat)
        {
            _counters.DatagramsDropped++;
            return;
        }

        switch (code)
        {
            case FrameCode.Heartbeat:
                HandleHeartbeat(payload, isDatagram);
                break;
            case FrameCode.Disconnect:
                HandleDisconnect(payload);
                break;
            case FrameCode.Credit:
                HandleCredit(payload);
                break;
            case FrameCode.Rekey when Role == PeerRole.Server:
                HandleRekey(payload);
                break;
            case FrameCode.RekeyAck when Role == PeerRole.Client:
                HandleRekeyAck(payload);
                break;
            case FrameCode.RekeyRequest when Role == PeerRole.Client:
                HandleRekeyRequest(payload);
                break;
            case FrameCode.Ticket when Role == PeerRole.Client:
                HandleTicket(payload);
                break;
            case FrameCode.Path:
                HandlePath(payload, isDatagram);
                break;
            default:
                Fail(SessionCloseReason.UnexpectedMessage, XtmpErrorCode.ProtocolViolation, $"Control message 0x{code:X2} has no place in an established session, or not from a {(Role == PeerRole.Client ? PeerRole.Server : PeerRole.Client)}.");
                break;
        }
    }

    /// <summary>A ticket of the server; only clients get here.</summary>
    private protected virtual void HandleTicket(ReadOnlySpan<byte> payload) => throw new System.Diagnostics.UnreachableException();

    private void HandleHeartbeat(ReadOnlySpan<byte> payload, bool isDatagram)
    {
        if (!ControlMessages.TryReadHeartbeat(payload, out var token, out var isReply))
        {
            Violate(isDatagram, SessionCloseReason.MalformedPayload, "A heartbeat is malformed.");
        }
        else if (!isDatagram)
        {
            // One in a datagram only keeps the path's address translation alive.
            _keepAlive.Receive(token, isReply, _now.Monotonic);
        }
    }

    private void HandleDisconnect(ReadOnlySpan<byte> payload)
    {
        if (!ControlMessages.TryReadDisconnect(payload, out var reason, out var text))
        {
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A disconnect is malformed.");
            return;
        }

        var code = reason switch
        {
            DisconnectReason.ShuttingDown => XtmpErrorCode.ShuttingDown,
            DisconnectReason.IdleTimeout => XtmpErrorCode.IdleTimeout,
            DisconnectReason.SlowConsumer => XtmpErrorCode.SlowConsumer,
            _ => XtmpErrorCode.ConnectionClosed,
        };
        End(new(SessionCloseReason.RemoteClose, Fault.Peer, code, $"Closed by the peer: {reason}, {WireText.Quote(text)}."));
    }

    private void HandleCredit(ReadOnlySpan<byte> payload)
    {
        if (!ControlMessages.TryReadCredit(payload, out var id, out var limit))
        {
            Fail(SessionCloseReason.MalformedPayload, XtmpErrorCode.PayloadMalformed, "A credit message is malformed.");
            return;
        }

        ref var exchange = ref FindInbound(id);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref exchange))
        {
            // Credit that crossed the end of its stream says nothing any more.
            if (!IsPeers(id) || !_requestsSeen.Contains(id >> 1))
            {
                Fail(SessionCloseReason.UnexpectedMessage, XtmpErrorCode.ProtocolViolation, $"Credit for exchange {id}, which never was.");
            }

            return;
        }

        if (limit < exchange.Credit)
        {
            Fail(SessionCloseReason.UnexpectedMessage, XtmpErrorCode.ProtocolViolation, $"Credit for exchange {id} went down from {exchange.Credit} to {limit}.");
            return;
        }

        exchange.Credit = limit;
        if (!exchange.Cancelled)
        {
            ref var pending = ref _events.Add();
            pending.Kind = SessionEventKind.CreditAvailable;
            pending.Code = exchange.Code;
            pending.ExchangeId = id;
            pending.Credit = limit;
        }
    }
}
