using Xtmp.Session;

namespace Xtmp.Silo.Tests;

/// <summary>Something a hostile peer tries, and how the silo must end that connection.</summary>
/// <param name="Name">What it is called in reports.</param>
/// <param name="Reason">The reason the silo's log must give.</param>
/// <param name="Established">True: after an honest handshake; false: in place of one.</param>
/// <param name="Bytes">What goes out on the socket.</param>
/// <param name="ThenEnds">The peer then ends its sending direction.</param>
/// <param name="WithTicket">The peer's own hello offers a live ticket of this silo.</param>
internal sealed record Attack(string Name, SessionCloseReason Reason, bool Established, Func<RawPeer, byte[]> Bytes, bool ThenEnds = false, bool WithTicket = false);
