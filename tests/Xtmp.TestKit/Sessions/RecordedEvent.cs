using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>A session event with its payload copied, so that a test can look at it later.</summary>
public sealed record RecordedEvent(SessionEventKind Kind, byte Code, ulong ExchangeId, byte[] Payload, ulong ItemNumber, ulong Credit, object? Detail)
{
    public EstablishedSession? Established => Detail as EstablishedSession;

    public RemoteError? Error => Detail as RemoteError;

    public SessionTicket? Ticket => Detail as SessionTicket;

    public SessionClose? Close => Detail as SessionClose;

    public static RecordedEvent From(in SessionEvent source) => new(
        source.Kind, source.Code, source.ExchangeId, source.Payload.ToArray(), source.ItemNumber, source.Credit,
        (object?)source.Established ?? (object?)source.Error ?? (object?)source.Ticket ?? source.Close);

    public override string ToString() => $"{Kind} 0x{Code:X2} #{ExchangeId} {Payload.Length} bytes {Detail}";
}
