using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>An identity the policy accepts, whose owner has yet to prove its private key.</summary>
internal sealed record TrustedClaim(PeerIdentity Peer, IdentityPublicKey Key, VerifiedCertificate? Certificate, ITrustPolicy Policy);
