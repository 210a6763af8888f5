using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>The secrets of a silo, which go with it.</summary>
internal sealed class SiloKeys : IDisposable
{
    /// <summary>The identity that clients know the silo by, in the data directory.</summary>
    public const string IdentityFileName = "identity.pem";

    private SiloKeys(IdentityKey identity, ClusterKeys? cluster, TimeSpan ticketPeriod)
    {
        Identity = identity;
        Cluster = cluster;
        Tickets = cluster is null ? new TicketKeyRing(SystemEntropy.Instance, ticketPeriod) : new TicketKeyRing(cluster.TicketSecret, ticketPeriod);
    }

    /// <summary>Kept in the data directory. The silos of a cluster that protects its traffic share one.</summary>
    public IdentityKey Identity { get; }

    /// <summary>By what the other silos know this one; null where it is alone or talks to them in the clear.</summary>
    public ClusterKeys? Cluster { get; }

    /// <summary>
    /// Of a silo that is alone, new at each start: after one, clients make a full handshake. Of a cluster with keys of its own, the
    /// same at each silo: clients resume at any.
    /// </summary>
    public TicketKeyRing Tickets { get; }

    public KeySharePool KeySharePool { get; } = new(SystemEntropy.Instance);

    /// <exception cref="XtmpException">The identity file cannot be read or made, or the cluster's keys are missing or wrong.</exception>
    public static SiloKeys Load(SiloOptions options)
    {
        var cluster = options.Cluster is { AllowPlainTraffic: false } ? ClusterKeys.Load(options.DataDirectory, options.TimeProvider.GetUtcNow()) : null;
        return new(IdentityFile.LoadOrCreate(Path.Combine(options.DataDirectory, IdentityFileName), SystemEntropy.Instance), cluster, options.TicketKeyPeriod);
    }

    public void Dispose()
    {
        Identity.Dispose();
        Tickets.Dispose();
        Cluster?.Dispose();
        KeySharePool.Dispose();
    }
}
