using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Record keys of a session's datagrams by epoch, and when each direction goes over to the next (SPEC §2, rekey).</summary>
internal sealed class DatagramKeys(TrafficKeys send, TrafficKeys receive) : IDisposable
{
    /// <summary>Receiving keys of the epoch before are kept this many round trips after the first new datagram.</summary>
    private const int GraceRoundTrips = 3;

    private DatagramReceiver? _previous;

    // A server's new sending keys, not to be used before a client datagram of the new epoch.
    private TrafficKeys? _nextSend;

    public TrafficKeys Send { get; private set; } = send;

    /// <summary>The receiver of the current epoch.</summary>
    public DatagramReceiver Receiver { get; private set; } = new(receive);

    /// <summary>When the previous receiving keys go; null until the first datagram of the new epoch.</summary>
    public TimeSpan? PreviousUntil { get; private set; }

    /// <summary>The receiver whose keys a frame names, or null.</summary>
    public DatagramReceiver? Find(in FrameHeader header)
    {
        var receiver = header.KeyId == Receiver.Keys.KeyId ? Receiver
            : _previous is not null && header.KeyId == _previous.Keys.KeyId ? _previous
            : null;
        return receiver is not null && receiver.Keys.Epoch == header.Epoch && receiver.Keys.Type == header.EncryptionType ? receiver : null;
    }

    /// <summary>A client sends under new keys at once; a server only after <see cref="NewEpochHeard"/>.</summary>
    public void Renew(TrafficKeys send, TrafficKeys receive, bool sendAtOnce)
    {
        _previous?.Dispose();
        _previous = Receiver;
        PreviousUntil = null;
        Receiver = new DatagramReceiver(receive);
        _nextSend?.Dispose();
        _nextSend = null;
        if (sendAtOnce)
        {
            Send.Dispose();
            Send = send;
        }
        else
        {
            _nextSend = send;
        }
    }

    /// <summary>A datagram of the current receiving epoch verified.</summary>
    public void NewEpochHeard(TimeSpan now, TimeSpan? roundTrip)
    {
        if (_nextSend is not null)
        {
            Send.Dispose();
            Send = _nextSend;
            _nextSend = null;
        }

        if (_previous is not null && PreviousUntil is null)
        {
            var grace = GraceRoundTrips * (roundTrip ?? TimeSpan.FromSeconds(1));
            PreviousUntil = now + TimeSpan.FromSeconds(Math.Clamp(grace.TotalSeconds, 1, 30));
        }
    }

    /// <summary>Drops the previous receiving keys once their time is over.</summary>
    public void HandleTimeout(TimeSpan time)
    {
        if (PreviousUntil is { } until && time >= until)
        {
            _previous?.Dispose();
            _previous = null;
            PreviousUntil = null;
        }
    }

    public void Dispose()
    {
        Send.Dispose();
        _nextSend?.Dispose();
        Receiver.Dispose();
        _previous?.Dispose();
    }
}
