using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>The secrets of a silo, which go with it.</summary>
internal sealed class SiloKeys : IDisposable
{
    private SiloKeys(IdentityKey identity)
    {
        Identity = identity;
    }

    /// <summary>Kept in the data directory.</summary>
    public IdentityKey Identity { get; }

    /// <summary>New at each start: after one, clients make a full handshake.</summary>
    public TicketKeyRing Tickets { get; } = new(SystemEntropy.Instance);

    public KeySharePool KeySharePool { get; } = new(SystemEntropy.Instance);

    /// <exception cref="Xtmp.Protocol.XtmpException">The identity file cannot be read or made.</exception>
    public static SiloKeys Load(string dataDirectory) =>
        new(IdentityFile.LoadOrCreate(Path.Combine(dataDirectory, "identity.pem"), SystemEntropy.Instance));

    public void Dispose()
    {
        Identity.Dispose();
        Tickets.Dispose();
        KeySharePool.Dispose();
    }
}
