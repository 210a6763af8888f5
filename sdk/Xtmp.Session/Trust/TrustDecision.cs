namespace Xtmp.Session;

/// <summary>A trust policy's answer.</summary>
/// <param name="IsTrusted">True lets the handshake go on.</param>
/// <param name="Reason">Why not, for the log.</param>
public readonly record struct TrustDecision(bool IsTrusted, string? Reason)
{
    public static TrustDecision Trusted => new(true, null);

    public static TrustDecision Rejected(string reason) => new(false, reason);
}
