namespace Xtmp;

/// <summary>How an <see cref="XtmpConnection"/> stands.</summary>
public enum XtmpConnectionState
{
    /// <summary>No session has been established yet. A connection that nobody has used is here too.</summary>
    Connecting = 0,

    /// <summary>At least one session takes calls.</summary>
    Connected = 1,

    /// <summary>Every session is lost; calls wait for the next one, until their deadlines.</summary>
    Reconnecting = 2,

    /// <summary>The silo is shutting down: calls under way finish there, new ones wait for a session elsewhere.</summary>
    Draining = 3,

    /// <summary>Disposed.</summary>
    Closed = 4,
}
