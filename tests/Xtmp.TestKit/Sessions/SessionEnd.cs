using System.Buffers;
using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>One end of a pair: the session, what it reported, and what it wrote.</summary>
public sealed class SessionEnd(XtmpSession session)
{
    public XtmpSession Session { get; } = session;

    public List<RecordedEvent> Events { get; } = [];

    /// <summary>Called for every event while its payload is valid; a test answers requests here.</summary>
    public Action<XtmpSession, SessionEvent>? OnEvent { get; set; }

    public IEnumerable<RecordedEvent> Of(SessionEventKind kind) => Events.Where(e => e.Kind == kind);

    public RecordedEvent Single(SessionEventKind kind) => Events.Single(e => e.Kind == kind);

    /// <summary>Takes all events there are.</summary>
    public void Drain()
    {
        while (Session.PollEvent(out var sessionEvent))
        {
            Events.Add(RecordedEvent.From(in sessionEvent));
            OnEvent?.Invoke(Session, sessionEvent);
        }
    }

    /// <summary>Everything the session has to write now.</summary>
    public byte[] Transmit(Instant now, int maxBytes = XtmpSession.DefaultTransmitBytes)
    {
        var writer = new ArrayBufferWriter<byte>();
        while (Session.PollTransmit(writer, now, maxBytes) > 0)
        {
        }

        return writer.WrittenSpan.ToArray();
    }
}
