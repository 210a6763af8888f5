namespace Xtmp.Crypto;

/// <summary>What a provider keeps for one ML-DSA-87 private key. Sizes are checked before it is called.</summary>
public interface IMlDsa87PrivateKey : IDisposable
{
    /// <summary>Writes pk, 2592 bytes.</summary>
    void WritePublicKey(Span<byte> destination);

    /// <summary>FIPS 204 algorithm 2 with rnd = <paramref name="randomness"/>; context of at most 255 bytes.</summary>
    void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature);
}
