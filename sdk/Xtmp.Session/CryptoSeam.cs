// Shapes of the crypto room's identity types, so that the rooms above compile before it lands; removed on that merge.
namespace Xtmp.Crypto;

/// <summary>SHA-256("XTMP1 identity" ‖ ML-DSA key ‖ Ed25519 key): 32 bytes.</summary>
public readonly record struct Fingerprint;

/// <summary>A private identity: ML-DSA-87 and Ed25519.</summary>
public sealed class IdentityKey;

/// <summary>The public half of an identity.</summary>
public sealed class IdentityPublicKey;

/// <summary>Where random bytes come from.</summary>
public interface IEntropy
{
    /// <summary>Fills all of <paramref name="destination"/> with unpredictable bytes.</summary>
    void Fill(Span<byte> destination);
}
