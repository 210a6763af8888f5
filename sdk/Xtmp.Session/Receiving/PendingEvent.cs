using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>An event in the queue; its payload is still compressed where <see cref="Compressed"/> says so.</summary>
internal struct PendingEvent
{
    public SessionEventKind Kind;
    public byte Code;
    public bool Compressed;
    public bool IsDatagram;

    /// <summary>The exchange is removed from the table when this is taken.</summary>
    public bool EndsExchange;
    public int Offset;
    public int Length;
    public byte[]? Buffer;
    public ulong ExchangeId;
    public ulong Credit;
    public object? Detail;
}
