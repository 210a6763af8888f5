using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>An Ed25519 private key, RFC 8032, held by libcrypto. Safe for concurrent signing; disposing erases it.</summary>
/// <exception cref="LibCryptoMissingException">On creation, where OpenSSL 3 is not installed.</exception>
[SecretHandling]
public sealed class Ed25519PrivateKey : IDisposable
{
    private readonly byte[] _seed;
    private readonly SafeEvpKey _key;

    private Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        _key = EvpKeys.ImportPrivate(LibCrypto.Ed25519, seed);
        _seed = seed.ToArray();
    }

    /// <param name="seed">32 uniformly random bytes.</param>
    public static Ed25519PrivateKey FromSeed(ReadOnlySpan<byte> seed)
    {
        ArgumentSize.Require(seed.Length, Ed25519.SeedSize, nameof(seed));
        return new Ed25519PrivateKey(seed);
    }

    /// <summary>Writes the public key, 32 bytes.</summary>
    public void WritePublicKey(Span<byte> destination)
    {
        ArgumentSize.Require(destination.Length, Ed25519.PublicKeySize, nameof(destination));
        EvpKeys.ExportPublic(_key, destination);
    }

    /// <summary>RFC 8032 section 5.1.6, deterministic; writes 64 bytes.</summary>
    public unsafe void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ArgumentSize.Require(signature.Length, Ed25519.SignatureSize, nameof(signature));
        using SafeEvpDigestContext context = LibCrypto.EVP_MD_CTX_new();
        EvpKeys.Require(!context.IsInvalid && LibCrypto.EVP_DigestSignInit(context, 0, 0, 0, _key) == 1);
        nuint length = Ed25519.SignatureSize;
        byte empty = 0;
        fixed (byte* data = message, destination = signature)
        {
            EvpKeys.Require(LibCrypto.EVP_DigestSign(context, destination, ref length, data is null ? &empty : data, (nuint)message.Length) == 1
                && length == Ed25519.SignatureSize);
        }
    }

    /// <summary>Writes the seed, 32 bytes.</summary>
    public void ExportSeed(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_key.IsClosed, this);
        ArgumentSize.Require(destination.Length, Ed25519.SeedSize, nameof(destination));
        _seed.CopyTo(destination);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose()
    {
        _key.Dispose();
        CryptographicOperations.ZeroMemory(_seed);
    }
}
