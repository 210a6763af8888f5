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

    /// <summary>When to call <see cref="HandleTimeout"/> next, in terms of <see cref="Instant.Monotonic"/>; null: never.</summary>
    public TimeSpan? PollTimeout()
    {
        switch (State)
        {
            case SessionState.Handshaking:
                return _startedAt + Limits.HandshakeTimeout;
            case SessionState.Closing:
                return Earlier(_closingSince + CloseTimeout, _keepAlive.PeerLostAt);
            case SessionState.Closed:
                return null;
        }

        var next = Earlier(_keepAlive.IdleAt, _keepAlive.PeerLostAt);
        next = Earlier(next, _keepAlive.HeartbeatAt);
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

        if (time >= _keepAlive.PeerLostAt)
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

        if (time >= _keepAlive.IdleAt)
        {
            CloseGracefully(DisconnectReason.IdleTimeout);
            return;
        }

        if (_keepAlive.RunHeartbeat(time) && !IsPeerStillTrusted())
        {
            CloseGracefully(DisconnectReason.Revoked);
            return;
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

    /// <summary>A round trip was measured in the handshake.</summary>
    private protected void Measured(TimeSpan roundTrip) => _keepAlive.Measured(roundTrip);

    private int TransmitHeartbeat(IBufferWriter<byte> output)
    {
        Span<byte> payload = stackalloc byte[ControlMessages.MaxLength];
        var length = _keepAlive.Write(payload, _now.Monotonic);
        var header = new FrameHeader { MessageType = FrameCode.Heartbeat, SessionId = SessionId };
        return SealStream(ref header, payload[..length], output);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
