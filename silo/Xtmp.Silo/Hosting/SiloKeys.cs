using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>The secrets of a silo, which go with it.</summary>
internal sealed class SiloKeys : IDisposable
{
    /// <summary>The identity that clients know the silo by, in the data directory.</summary>
    public const string IdentityFileName = "identity.pem";

    private SiloKeys(IdentityKey identity, ClusterKeys? cluster, IReadOnlyDictionary<string, IdentityKey> authorities, TimeSpan ticketPeriod)
    {
        Identity = identity;
        Cluster = cluster;
        Authorities = authorities;
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

    /// <summary>Of the authorities that the options name a file for.</summary>
    public IReadOnlyDictionary<string, IdentityKey> Authorities { get; }

    public KeySharePool KeySharePool { get; } = new(SystemEntropy.Instance);

    /// <exception cref="XtmpException">The identity file cannot be read or made, an authority's cannot be read, or the cluster's keys are missing or wrong.</exception>
    public static SiloKeys Load(SiloOptions options)
    {
        var cluster = options.Cluster is { AllowPlainTraffic: false } ? ClusterKeys.Load(options.DataDirectory, options.TimeProvider.GetUtcNow()) : null;
        var authorities = new Dictionary<string, IdentityKey>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, file) in options.AuthorityFiles)
            {
                // One that is missing is a mistake, and no reason to make a new root.
                authorities[name] = File.Exists(file) ? IdentityFile.LoadOrCreate(file) : throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"The authority {PeerText.Escape(name)} has no file '{file}'.", "authorities");
            }

            return new(IdentityFile.LoadOrCreate(Path.Combine(options.DataDirectory, IdentityFileName), SystemEntropy.Instance), cluster, authorities, options.TicketKeyPeriod);
        }
        catch
        {
            Dispose(authorities.Values);
            cluster?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Identity.Dispose();
        Tickets.Dispose();
        Cluster?.Dispose();
        KeySharePool.Dispose();
        Dispose(Authorities.Values);
    }

    private static void Dispose(IEnumerable<IdentityKey> keys)
    {
        foreach (var key in keys)
        {
            key.Dispose();
        }
    }
}
