using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An ML-DSA-87 private key, FIPS 204, kept as its seed ξ beside the expanded form. Disposing erases both.
/// Safe for concurrent signing.
/// </summary>
[SecretHandling]
public sealed class MlDsa87PrivateKey : IDisposable
{
    private readonly byte[] _seed;
    private readonly IMlDsa87PrivateKey _key;
    private bool _disposed;

    private MlDsa87PrivateKey(byte[] seed, IMlDsa87PrivateKey key)
    {
        _seed = seed;
        _key = key;
    }

    /// <summary>ML-DSA.KeyGen, FIPS 204 algorithm 1, from given randomness, by the provider of this process.</summary>
    /// <param name="seed">ξ, 32 bytes, uniformly random.</param>
    public static MlDsa87PrivateKey FromSeed(ReadOnlySpan<byte> seed) => FromSeed(seed, CryptoProviders.Current);

    /// <summary>ML-DSA.KeyGen from given randomness, by the provider named.</summary>
    public static MlDsa87PrivateKey FromSeed(ReadOnlySpan<byte> seed, ICryptoProvider provider)
    {
        ArgumentSize.Require(seed.Length, MlDsa87.SeedSize, nameof(seed));
        return new MlDsa87PrivateKey(Secret.Copy(seed), provider.CreateMlDsa87PrivateKey(seed));
    }

    /// <summary>Writes the public key, 2592 bytes.</summary>
    public void WritePublicKey(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, MlDsa87.PublicKeySize, nameof(destination));
        _key.WritePublicKey(destination);
    }

    /// <summary>ML-DSA.Sign, FIPS 204 algorithm 2.</summary>
    /// <param name="message">Any length.</param>
    /// <param name="context">At most 255 bytes.</param>
    /// <param name="randomness">32 fresh random bytes for a hedged signature; all zero for a deterministic one.</param>
    /// <param name="signature">Receives 4627 bytes.</param>
    public void Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, ReadOnlySpan<byte> randomness, Span<byte> signature)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(randomness.Length, MlDsa87.RandomnessSize, nameof(randomness));
        ArgumentSize.Require(signature.Length, MlDsa87.SignatureSize, nameof(signature));
        if (context.Length > MlDsa87.MaxContextSize)
        {
            throw new ArgumentException("An ML-DSA context has at most 255 bytes (FIPS 204 section 5.2).", nameof(context));
        }

        _key.Sign(message, context, randomness, signature);
    }

    /// <summary>Writes the seed ξ, 32 bytes.</summary>
    public void ExportSeed(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, MlDsa87.SeedSize, nameof(destination));
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
