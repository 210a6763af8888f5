using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// What a pump tells of its session. Called while the pump holds the session, one event at a time: decode or copy the
/// payload, answer through the session where that is quick, and never block or wait. What it throws ends the session.
/// </summary>
public interface ISessionObserver
{
    void OnEvent(XtmpSession session, in SessionEvent sessionEvent);

    /// <summary>The send queue, which was full, has room again.</summary>
    void OnRoom(XtmpSession session)
    {
    }

    /// <summary>
    /// The events of one read have been reported. The next read waits for this, so that an observer who hands bytes on is not
    /// sent more than it gets rid of. Called outside of the session.
    /// </summary>
    ValueTask OnInputHandledAsync() => default;
}
