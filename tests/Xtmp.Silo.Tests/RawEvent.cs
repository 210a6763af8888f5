using Xtmp.Session;

namespace Xtmp.Silo.Tests;

/// <summary>A session event whose payload outlives the session's buffer.</summary>
internal sealed record RawEvent(SessionEventKind Kind, byte Code, ulong ExchangeId, byte[] Payload, RemoteError? Error, SessionTicket? Ticket)
{
    public static RawEvent From(in SessionEvent source) =>
        new(source.Kind, source.Code, source.ExchangeId, source.Payload.ToArray(), source.Error, source.Ticket);
}
