namespace Xtmp.Session;

/// <summary>
/// Whether the peer is there and the session in use: heartbeats out and in, the round trip they measure, and when silence
/// or idleness ends the session (SPEC §8, 15). Knows no keys and no frames.
/// </summary>
/// <param name="limits">Heartbeat interval, peer and idle timeout.</param>
/// <param name="now">When the session began.</param>
internal sealed class KeepAlive(SessionLimits limits, TimeSpan now)
{
    private TimeSpan _lastHeard = now;
    private TimeSpan _lastApplication = now;
    private TimeSpan _lastHeartbeat = now;
    private TimeSpan _sentAt;
    private ulong _token;
    private ulong _tokenToAnswer;
    private bool _inFlight;
    private bool _answerDue;
    private bool _requestDue;

    /// <summary>Moving average of eight; null before the first measurement.</summary>
    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>True while a heartbeat or an answer to one waits to be written.</summary>
    public bool IsFrameDue => _answerDue || _requestDue;

    /// <summary>When the last authenticated frame of the peer came.</summary>
    public TimeSpan LastHeard => _lastHeard;

    /// <summary>When the peer counts as gone.</summary>
    public TimeSpan PeerLostAt => _lastHeard + limits.PeerTimeout;

    /// <summary>When the session counts as idle.</summary>
    public TimeSpan IdleAt => _lastApplication + limits.IdleTimeout;

    /// <summary>When the next heartbeat is due.</summary>
    public TimeSpan HeartbeatAt => _lastHeartbeat + limits.HeartbeatInterval;

    /// <summary>An authenticated frame of the peer came.</summary>
    public void Heard(TimeSpan time) => _lastHeard = time;

    /// <summary>An application message was sent or came.</summary>
    public void Used(TimeSpan time) => _lastApplication = time;

    /// <summary>The handshake is over.</summary>
    public void Established(TimeSpan time)
    {
        _lastHeard = time;
        _lastApplication = time;
        _lastHeartbeat = time;
    }

    /// <summary>True, and a heartbeat is to be written, when the interval has passed.</summary>
    public bool RunHeartbeat(TimeSpan time)
    {
        if (time < HeartbeatAt)
        {
            return false;
        }

        _lastHeartbeat = time;
        _requestDue = true;
        return true;
    }

    /// <summary>A heartbeat is to be written now.</summary>
    public void RequestHeartbeat() => _requestDue = true;

    /// <summary>A heartbeat of the peer. Of several only the latest is answered, so that a flood costs one frame a flight.</summary>
    public void Receive(ulong token, bool isReply, TimeSpan time)
    {
        if (!isReply)
        {
            _tokenToAnswer = token;
            _answerDue = true;
        }
        else if (_inFlight && token == _token)
        {
            _inFlight = false;
            Measured(time - _sentAt);
        }
    }

    /// <summary>Writes the payload of the heartbeat that is due, an answer first; returns its length.</summary>
    public int Write(Span<byte> destination, TimeSpan time)
    {
        if (_answerDue)
        {
            _answerDue = false;
            return ControlMessages.WriteHeartbeat(destination, _tokenToAnswer, isReply: true);
        }

        _requestDue = false;
        _inFlight = true;
        _sentAt = time;
        return ControlMessages.WriteHeartbeat(destination, ++_token, isReply: false);
    }

    /// <summary>Takes a round trip that was measured.</summary>
    public void Measured(TimeSpan roundTrip)
    {
        if (roundTrip >= TimeSpan.Zero)
        {
            RoundTrip = RoundTrip is { } known ? ((7 * known) + roundTrip) / 8 : roundTrip;
        }
    }
}
