namespace Xtmp.Crypto;

/// <summary>What a provider keeps for one ML-DSA-87 public key. Sizes are checked before it is called.</summary>
public interface IMlDsa87PublicKey : IDisposable
{
    /// <summary>FIPS 204 algorithm 3; signature of 4627 bytes, context of at most 255 bytes.</summary>
    bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature);
}
