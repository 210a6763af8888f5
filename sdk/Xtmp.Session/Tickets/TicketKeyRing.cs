using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// The server keys that seal tickets: one that seals, and earlier ones that still open. Safe for concurrent use; shared
/// by all sessions of a silo, and by export and import by the silos of a cluster.
/// </summary>
public sealed class TicketKeyRing
{
    /// <summary>A ring with one fresh key.</summary>
    public TicketKeyRing(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Rotate(entropy);
    }

    /// <summary>Makes a fresh key the sealing one; the <see cref="KeptKeys"/> latest still open tickets.</summary>
    public void Rotate(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
    }

    /// <summary>How many keys open tickets, the sealing one included.</summary>
    public const int KeptKeys = 3;
}
