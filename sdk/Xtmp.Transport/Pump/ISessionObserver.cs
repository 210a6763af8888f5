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
    /// The events of one read have been reported. Called by the reading thread outside of the session: work that they have
    /// brought is started here, and what that sends before it returns leaves together. The next read waits for the task, so
    /// that an observer who hands bytes on is not sent more than it gets rid of.
    /// </summary>
    ValueTask OnInputHandledAsync() => default;
}
