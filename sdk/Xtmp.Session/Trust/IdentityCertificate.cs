using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// What an offline root says of an identity (WIRE section 2): canonical MessagePack
/// [version, fingerprint, name, role, not_before, not_after, serial, root fingerprint], signed by the root's ML-DSA-87
/// and Ed25519 keys under the label "XTMP1 root cert".
/// </summary>
public sealed class IdentityCertificate
{
    public required Fingerprint Fingerprint { get; init; }

    /// <summary>For a server the name clients ask for; for a client any name its operator gave.</summary>
    public required string Name { get; init; }

    public required PeerRole Role { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required ulong Serial { get; init; }

    public required Fingerprint RootFingerprint { get; init; }
}
