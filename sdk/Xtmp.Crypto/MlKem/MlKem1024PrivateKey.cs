using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An ML-KEM-1024 private key, FIPS 203, kept as its seed d ‖ z beside the expanded form. Disposing erases both.
/// Safe for concurrent decapsulation.
/// </summary>
[SecretHandling]
public sealed class MlKem1024PrivateKey : IDisposable
{
    private readonly byte[] _seed;
    private readonly IMlKem1024Key _key;
    private bool _disposed;

    private MlKem1024PrivateKey(byte[] seed, IMlKem1024Key key)
    {
        _seed = seed;
        _key = key;
    }

    /// <summary>ML-KEM.KeyGen, FIPS 203 algorithm 19, from given randomness, by the provider of this process.</summary>
    /// <param name="seed">64 bytes d ‖ z, uniformly random.</param>
    /// <exception cref="ArgumentException">The seed has a wrong size.</exception>
    public static MlKem1024PrivateKey FromSeed(ReadOnlySpan<byte> seed) => FromSeed(seed, CryptoProviders.Current);

    /// <summary>ML-KEM.KeyGen from given randomness, by the provider named.</summary>
    public static MlKem1024PrivateKey FromSeed(ReadOnlySpan<byte> seed, ICryptoProvider provider)
    {
        ArgumentSize.Require(seed.Length, MlKem1024.SeedSize, nameof(seed));
        return new MlKem1024PrivateKey(Secret.Copy(seed), provider.CreateMlKem1024Key(seed));
    }

    /// <summary>Writes ek, 1568 bytes.</summary>
    public void WriteEncapsulationKey(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, MlKem1024.EncapsulationKeySize, nameof(destination));
        _key.WriteEncapsulationKey(destination);
    }

    /// <summary>
    /// ML-KEM.Decaps, FIPS 203 algorithm 21. A forged ciphertext of the right length gives a pseudorandom secret
    /// (implicit rejection), not an error.
    /// </summary>
    /// <returns>False when the ciphertext has a wrong length.</returns>
    public bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(sharedSecret.Length, MlKem1024.SharedSecretSize, nameof(sharedSecret));
        if (ciphertext.Length != MlKem1024.CiphertextSize)
        {
            return false;
        }

        _key.Decapsulate(ciphertext, sharedSecret);
        return true;
    }

    /// <summary>Writes the seed d ‖ z, 64 bytes.</summary>
    public void ExportSeed(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, MlKem1024.SeedSize, nameof(destination));
        _seed.CopyTo(destination);
    }

    /// <summary>Erases seed and expanded key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_seed);
        _key.Dispose();
    }
}
