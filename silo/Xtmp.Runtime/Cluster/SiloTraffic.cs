using Microsoft.AspNetCore.Connections;

namespace Xtmp.Runtime;

/// <summary>
/// What connections between silos go through, as middleware: it may put pipes of its own in place of the connection's, and
/// refuses a peer by not calling on. Orleans' bytes, which it carries, say nothing of who sends them.
/// </summary>
/// <param name="Inbound">For connections that other silos make to this one.</param>
/// <param name="Outbound">For connections that this silo makes.</param>
public sealed record SiloTraffic(Func<ConnectionDelegate, ConnectionDelegate> Inbound, Func<ConnectionDelegate, ConnectionDelegate> Outbound);
