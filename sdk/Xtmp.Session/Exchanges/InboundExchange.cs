using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A request of the peer that this end has yet to answer.</summary>
internal struct InboundExchange
{
    public byte Code;
    public MessagePriority Priority;
    public bool Cancelled;

    /// <summary>Items sent.</summary>
    public ulong Items;

    /// <summary>Items below this number may be sent.</summary>
    public ulong Credit;
}
