using System.Runtime.CompilerServices;

namespace Xtmp.Crypto;

/// <summary>
/// ML-KEM-1024, FIPS 203: sizes in bytes and encapsulation. Deterministic given its randomness.
/// Key generation and decapsulation are at <see cref="MlKem1024PrivateKey"/>.
/// </summary>
[SecretHandling]
public static class MlKem1024
{
    /// <summary>The private key as it is kept: d ‖ z.</summary>
    public const int SeedSize = 64;

    /// <summary>The public key ek.</summary>
    public const int EncapsulationKeySize = 1568;

    /// <summary>The ciphertext c.</summary>
    public const int CiphertextSize = 1568;

    /// <summary>The shared secret K.</summary>
    public const int SharedSecretSize = 32;

    /// <summary>The randomness m of one encapsulation.</summary>
    public const int EncapsulationRandomnessSize = 32;

    /// <summary>
    /// ML-KEM.Encaps, FIPS 203 algorithm 20, with its input check (section 7.2).
    /// </summary>
    /// <param name="encapsulationKey">The peer's key; any bytes.</param>
    /// <param name="randomness">32 fresh random bytes, used once; unused where the provider draws its own.</param>
    /// <param name="ciphertext">Receives 1568 bytes.</param>
    /// <param name="sharedSecret">Receives 32 bytes.</param>
    /// <returns>False, with nothing written, when the key has a wrong length or a coefficient not below 3329.</returns>
    /// <exception cref="ArgumentException">Randomness or a destination has a wrong size.</exception>
    public static bool TryEncapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret) =>
        TryEncapsulate(encapsulationKey, randomness, ciphertext, sharedSecret, CryptoProviders.Current);

    /// <summary>The same by the provider named.</summary>
    public static bool TryEncapsulate(ReadOnlySpan<byte> encapsulationKey, ReadOnlySpan<byte> randomness, Span<byte> ciphertext, Span<byte> sharedSecret, ICryptoProvider provider)
    {
        ArgumentSize.Require(randomness.Length, EncapsulationRandomnessSize, nameof(randomness));
        ArgumentSize.Require(ciphertext.Length, CiphertextSize, nameof(ciphertext));
        ArgumentSize.Require(sharedSecret.Length, SharedSecretSize, nameof(sharedSecret));
        if (!IsValidEncapsulationKey(encapsulationKey))
        {
            return false;
        }

        provider.Encapsulate(encapsulationKey, randomness, ciphertext, sharedSecret);
        return true;
    }

    /// <summary>Whether the key has the right length and passes the modulus check of FIPS 203 section 7.2.</summary>
    [SkipLocalsInit]
    public static bool IsValidEncapsulationKey(ReadOnlySpan<byte> encapsulationKey)
    {
        Span<short> vector = stackalloc short[MlKemCore.VectorLength];
        return encapsulationKey.Length == EncapsulationKeySize && TryDecodeVector(encapsulationKey, vector);
    }

    /// <summary>Four polynomials of 12-bit coefficients; false when one is not below q.</summary>
    internal static bool TryDecodeVector(ReadOnlySpan<byte> bytes, Span<short> vector)
    {
        bool valid = true;
        for (int i = 0; i < MlKemField.K; i++)
        {
            valid &= MlKemPacking.Decode12(bytes.Slice(i * MlKemPacking.Bytes12, MlKemPacking.Bytes12), vector.Slice(i * MlKemField.N, MlKemField.N));
        }

        return valid;
    }
}
