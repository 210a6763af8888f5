using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>A request of this end that the peer has yet to answer.</summary>
internal struct OutboundExchange
{
    public byte Code;
    public MessagePriority Priority;
    public bool IsStream;

    /// <summary>The application gave it up: what still comes is swallowed.</summary>
    public bool Cancelled;

    /// <summary>End or error has arrived and waits in the event queue.</summary>
    public bool Ended;

    /// <summary>The number the next item must have.</summary>
    public ulong NextItem;

    /// <summary>Items that came, where datagrams may bring them out of order.</summary>
    public IdWindow Seen;

    /// <summary>Items below this number may come.</summary>
    public ulong Credit;
}
