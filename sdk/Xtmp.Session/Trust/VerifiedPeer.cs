using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// A peer that proved its private key and that the policy of this end accepted. Only this reaches a ticket, an
/// <see cref="EstablishedSession"/> or an application; it keeps no public key.
/// </summary>
public sealed class VerifiedPeer
{
    internal VerifiedPeer(PeerIdentity claim, VerifiedCertificate? certificate, string policy)
    {
        Role = claim.Role;
        Fingerprint = claim.Fingerprint;
        ExpectedName = claim.ExpectedName;
        Certificate = certificate;
        Policy = policy;
    }

    public PeerRole Role { get; }

    public Fingerprint Fingerprint { get; }

    /// <summary>What the policy verified; null where the policy does not look at certificates.</summary>
    public VerifiedCertificate? Certificate { get; }

    /// <summary>The name of the policy that accepted the peer (<see cref="ITrustPolicy.Name"/>).</summary>
    public string Policy { get; }

    private string? ExpectedName { get; }

    /// <summary>The peer as a policy is asked about it again, without signatures.</summary>
    internal PeerIdentity ToClaim() => new()
    {
        Role = Role,
        Fingerprint = Fingerprint,
        Verified = Certificate,
        ExpectedName = ExpectedName,
        Resumed = true,
    };

    public override string ToString() => $"{Role} {Fingerprint}";
}
