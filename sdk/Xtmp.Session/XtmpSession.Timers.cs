using System.Buffers;
using Xtmp.Protocol;

namespace Xtmp.Session;

/// <content>Time: handshake, idle, peer, heartbeat, rekey and reassembly timers.</content>
public abstract partial class XtmpSession
{
    /// <summary>How long a closing session tries to get rid of what is queued.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private readonly TimeSpan _startedAt;
    private TimeSpan _closingSince;
    private TimeSpan _lastHeard;
    private TimeSpan _lastApplication;
    private TimeSpan _lastHeartbeat;
    private TimeSpan _heartbeatSentAt;
    private ulong _heartbeatToken;
    private ulong _heartbeatToAnswer;
    private bool _heartbeatInFlight;
    private bool _hasHeartbeatToAnswer;
    private bool _heartbeatDue;

    /// <summary>When to call <see cref="HandleTimeout"/> next, in terms of <see cref="Instant.Monotonic"/>; null: never.</summary>
    public TimeSpan? PollTimeout()
    {
        switch (State)
        {
            case SessionState.Handshaking:
                return _startedAt + Limits.HandshakeTimeout;
            case SessionState.Closing:
                return Earlier(_closingSince + CloseTimeout, _lastHeard + Limits.PeerTimeout);
            case SessionState.Closed:
                return null;
        }

        var next = Earlier(_lastApplication + Limits.IdleTimeout, _lastHeard + Limits.PeerTimeout);
        next = Earlier(next, _lastHeartbeat + Limits.HeartbeatInterval);
        next = Earlier(next, NextRekeyTime());
        if (_reassembler.OldestStart is { } oldest)
        {
            next = Earlier(next, oldest + Limits.ReassemblyTimeout);
        }

        return NextDatagramTime() is { } datagram ? Earlier(next, datagram) : next;
    }

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(Instant now)
    {
        _now = now;
        var time = now.Monotonic;
        if (State == SessionState.Handshaking)
        {
            if (time >= _startedAt + Limits.HandshakeTimeout)
            {
                End(new(SessionCloseReason.HandshakeTimeout, Fault.Network, XtmpErrorCode.HandshakeTimeout, $"The handshake took longer than {Limits.HandshakeTimeout.TotalSeconds:0.###} s."));
            }

            return;
        }

        if (State == SessionState.Closed)
        {
            return;
        }

        if (time >= _lastHeard + Limits.PeerTimeout)
        {
            End(new(SessionCloseReason.IdleTimeout, Fault.Network, XtmpErrorCode.ConnectionLost, $"Nothing was heard from the peer for {Limits.PeerTimeout.TotalSeconds:0.###} s."));
            return;
        }

        if (State == SessionState.Closing)
        {
            if (time >= _closingSince + CloseTimeout)
            {
                End(new(SessionCloseReason.LocalClose, Fault.Network, XtmpErrorCode.ConnectionClosed, $"The link took nothing for {CloseTimeout.TotalSeconds:0} s of closing."));
            }

            return;
        }

        if (time >= _lastApplication + Limits.IdleTimeout)
        {
            CloseGracefully(DisconnectReason.IdleTimeout);
            return;
        }

        if (time >= _lastHeartbeat + Limits.HeartbeatInterval)
        {
            _lastHeartbeat = time;
            _heartbeatDue = true;
            if (!IsPeerStillTrusted())
            {
                CloseGracefully(DisconnectReason.Revoked);
                return;
            }
        }

        if (_reassembler.DropStartedBy(time - Limits.ReassemblyTimeout) > 0)
        {
            Fail(SessionCloseReason.LimitExceeded, XtmpErrorCode.LimitExceeded, "A fragmented message took too long.");
            return;
        }

        RunRekeyTimer(time);
        RunDatagramTimers(time);
    }

    /// <summary>
    /// Asks the trust policy about the peer again, without waiting for the next heartbeat. Where it says no, the session
    /// ends with <see cref="DisconnectReason.Revoked"/>.
    /// </summary>
    public void CheckTrust(Instant now)
    {
        _now = now;
        if (State == SessionState.Established && !IsPeerStillTrusted())
        {
            CloseGracefully(DisconnectReason.Revoked);
        }
    }

    private bool IsPeerStillTrusted() =>
        Established?.Peer is not { } peer || PeerTrust.Evaluate(peer.ToClaim(), _now).IsTrusted;

    /// <summary>A round trip was measured; kept as a moving average of eight.</summary>
    private protected void Measured(TimeSpan roundTrip)
    {
        if (roundTrip >= TimeSpan.Zero)
        {
            RoundTrip = RoundTrip is { } known ? ((7 * known) + roundTrip) / 8 : roundTrip;
        }
    }

    private int TransmitHeartbeat(IBufferWriter<byte> output)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        int length;
        if (_hasHeartbeatToAnswer)
        {
            _hasHeartbeatToAnswer = false;
            length = ControlMessages.WriteHeartbeat(payload, _heartbeatToAnswer, isReply: true);
        }
        else
        {
            _heartbeatDue = false;
            _heartbeatInFlight = true;
            _heartbeatSentAt = _now.Monotonic;
            length = ControlMessages.WriteHeartbeat(payload, ++_heartbeatToken, isReply: false);
        }

        var header = new FrameHeader { MessageType = FrameCode.Heartbeat, SessionId = SessionId };
        return SealStream(ref header, payload[..length], output);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
