namespace Xtmp.Session;

/// <summary>Where a session is in its life. It only moves forward.</summary>
public enum SessionState : byte
{
    Handshaking = 0,
    Established = 1,

    /// <summary>Close was called: what is queued still goes out, followed by Disconnect.</summary>
    Closing = 2,

    /// <summary>Nothing more is accepted; PollTransmit may still hold the last frame.</summary>
    Closed = 3,
}
