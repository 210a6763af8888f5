namespace Xtmp.Crypto;

/// <summary>
/// Where ML-KEM-1024 and ML-DSA-87 are computed, all of either. Providers agree on every result that the standards
/// determine; one conformance suite holds them to it. Sizes and public keys are checked before a provider is called.
/// </summary>
public interface ICryptoProvider
{
    /// <summary>For people: <c>managed</c>, <c>platform</c> or <c>bouncycastle</c>.</summary>
    string Name { get; }

    /// <summary>Whether it works on this machine.</summary>
    bool IsSupported { get; }

    /// <summary>
    /// Whether encapsulation and signing take their randomness from the argument. A provider that draws its own gives
    /// results that differ from run to run and are as valid.
    /// </summary>
    bool TakesRandomness { get; }

    /// <summary>Expands the seed d ‖ z of 64 bytes.</summary>
    IMlKem1024Key CreateMlKem1024Key(ReadOnlySpan<byte> seed);

    /// <summary>FIPS 203 algorithm 20 with m = <paramref name="randomness"/>, for a key that passed the check of section 7.2.</summary>
    void Encapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret);

    /// <summary>Expands the seed ξ of 32 bytes.</summary>
    IMlDsa87PrivateKey CreateMlDsa87PrivateKey(ReadOnlySpan<byte> seed);

    /// <summary>Takes a public key of 2592 bytes; every such string is one.</summary>
    IMlDsa87PublicKey CreateMlDsa87PublicKey(ReadOnlySpan<byte> publicKey);

    /// <summary>FIPS 204 algorithm 3 with a key used once.</summary>
    bool VerifyMlDsa87(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        using IMlDsa87PublicKey key = CreateMlDsa87PublicKey(publicKey);
        return key.Verify(message, context, signature);
    }
}
