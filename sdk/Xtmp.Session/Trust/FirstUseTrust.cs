using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Trusts what it saw first.</summary>
internal sealed class FirstUseTrust(IKnownHosts knownHosts, string host) : ITrustPolicy
{
    public string Name { get; } = $"first use:{WireText.Cut(host, 180)}";

    public Fingerprint? ExpectedFingerprint => knownHosts.Find(host);

    public IdentityPublicKey? KnownKey => null;

    public TrustDecision Evaluate(PeerIdentity peer, Instant now) =>
        knownHosts.Find(host) is not { } known || known == peer.Fingerprint
            ? TrustDecision.Trusted
            : TrustDecision.Rejected($"the identity of '{host}' is {peer.Fingerprint}, remembered is {known}");

    public void Accepted(PeerIdentity peer, Instant now)
    {
        if (knownHosts.Find(host) is null)
        {
            knownHosts.Remember(host, peer.Fingerprint, now.Wall);
        }
    }
}
