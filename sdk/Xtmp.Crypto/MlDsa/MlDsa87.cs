namespace Xtmp.Crypto;

/// <summary>ML-DSA-87, FIPS 204: sizes in bytes and one-shot verification.</summary>
[PublicData("Sizes and verification, which sees public data only.")]
public static class MlDsa87
{
    /// <summary>The private key as it is kept: ξ.</summary>
    public const int SeedSize = 32;

    /// <summary>The public key.</summary>
    public const int PublicKeySize = 2592;

    /// <summary>A signature.</summary>
    public const int SignatureSize = 4627;

    /// <summary>rnd of hedged signing; all zero makes a signature deterministic.</summary>
    public const int RandomnessSize = 32;

    /// <summary>The longest context string.</summary>
    public const int MaxContextSize = 255;

    /// <summary>
    /// ML-DSA.Verify, FIPS 204 algorithm 3, for a key used once. For a key used repeatedly import
    /// <see cref="MlDsa87PublicKey"/>.
    /// </summary>
    /// <returns>False for a wrong length of key, context or signature as for a wrong signature.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature) =>
        Verify(publicKey, message, context, signature, CryptoProviders.Current);

    /// <summary>The same by the provider named.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature, ICryptoProvider provider) =>
        publicKey.Length == PublicKeySize && signature.Length == SignatureSize && context.Length <= MaxContextSize
        && provider.VerifyMlDsa87(publicKey, message, context, signature);
}
