using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>What a silo shows the other silos of its cluster, and by what it knows them. The identity stays its owner's to dispose.</summary>
public sealed record SiloCredentials
{
    /// <summary>The silo's own identity, which only silos see.</summary>
    public required IdentityKey Identity { get; init; }

    /// <summary>The cluster's root.</summary>
    public required IdentityPublicKey Root { get; init; }

    /// <summary>Name of the cluster, which stands in the certificates of all its silos.</summary>
    public required string Cluster { get; init; }

    /// <summary>The root's word for this silo where others connect to it.</summary>
    public required IdentityCertificate ServerCertificate { get; init; }

    /// <summary>The root's word for this silo where it connects to others.</summary>
    public required IdentityCertificate ClientCertificate { get; init; }

    /// <summary>
    /// Whether the operator has taken a silo's right back before its certificate ends. Asked at each handshake and heartbeat, so that
    /// the set behind it may change.
    /// </summary>
    public Func<Fingerprint, bool> IsWithdrawn { get; init; } = static _ => false;
}
