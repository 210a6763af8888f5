namespace Xtmp.Session;

/// <summary>A trust policy's answer.</summary>
public readonly record struct TrustDecision
{
    private TrustDecision(bool isTrusted, string? reason, VerifiedCertificate? certificate)
    {
        IsTrusted = isTrusted;
        Reason = reason;
        Certificate = certificate;
    }

    /// <summary>The identity is accepted; no certificate was verified, and none is carried on.</summary>
    public static TrustDecision Trusted => new(true, null, null);

    /// <summary>True lets the handshake go on.</summary>
    public bool IsTrusted { get; }

    /// <summary>Why not, for the log.</summary>
    public string? Reason { get; }

    /// <summary>The certificate the policy verified; null where it looked at none.</summary>
    public VerifiedCertificate? Certificate { get; }

    /// <summary>The identity is accepted because of this certificate.</summary>
    public static TrustDecision TrustedBy(VerifiedCertificate certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return new(true, null, certificate);
    }

    public static TrustDecision Rejected(string reason) => new(false, reason, null);
}
