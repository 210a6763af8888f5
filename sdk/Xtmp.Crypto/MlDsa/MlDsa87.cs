using System.Runtime.CompilerServices;

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
    /// ML-DSA.Verify, FIPS 204 algorithm 3, for a key used once: expands on the stack (about 100 KiB) and allocates
    /// nothing under the managed provider. For a key used repeatedly import <see cref="MlDsa87PublicKey"/>.
    /// </summary>
    /// <returns>False for a wrong length of key, context or signature as for a wrong signature.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeySize || signature.Length != SignatureSize || context.Length > MaxContextSize)
        {
            return false;
        }

        if (CryptoProviders.Default != CryptoProviders.Managed)
        {
            using IMlDsa87PublicKey key = CryptoProviders.Default.CreateMlDsa87PublicKey(publicKey);
            return key.Verify(message, context, signature);
        }

        return VerifyManaged(publicKey, message, context, signature);
    }

    [SkipLocalsInit]
    private static bool VerifyManaged(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> signature)
    {
        Span<int> matrix = stackalloc int[MlDsaCore.MatrixLength];
        Span<int> high = stackalloc int[MlDsaCore.SecretLength2];
        Span<byte> keyHash = stackalloc byte[MlDsaCore.KeyHashSize];
        Span<byte> representative = stackalloc byte[MlDsaCore.RepresentativeSize];
        ManagedMlDsa87PublicKey.Expand(publicKey, matrix, high, keyHash, KeccakBatch.Width);
        MlDsaCore.Represent(keyHash, message, context, representative);
        return MlDsaCore.Verify(matrix, high, representative, signature);
    }
}
