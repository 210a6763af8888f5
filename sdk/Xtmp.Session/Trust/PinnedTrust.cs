using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>Trusts one fingerprint, or the next one.</summary>
internal sealed class PinnedTrust(Fingerprint current, Fingerprint? next) : ITrustPolicy
{
    // A pinned key never changes, so that the expanded form may be kept from the first handshake on.
    private IdentityPublicKey? _known;

    public string Name { get; } = $"pin:{current}";

    public Fingerprint? ExpectedFingerprint => current;

    public IdentityPublicKey? KnownKey => Volatile.Read(ref _known);

    public TrustDecision Evaluate(PeerIdentity peer, Instant now) =>
        peer.Fingerprint == current || (next is { } following && peer.Fingerprint == following)
            ? TrustDecision.Trusted
            : TrustDecision.Rejected($"the {peer.Role} identity {peer.Fingerprint} is not the pinned {current}");

    public void Accepted(PeerIdentity peer, Instant now)
    {
        if (peer.PublicKey is { } key && key.Fingerprint == current)
        {
            Volatile.Write(ref _known, key);
        }
    }
}
