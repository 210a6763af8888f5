using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>An Ed25519 private key, RFC 8032. Safe for concurrent signing; disposing erases it.</summary>
[SecretHandling]
public sealed unsafe class Ed25519PrivateKey : IDisposable
{
    // libsodium's long form: seed ‖ public key.
    private readonly byte[] _key = Secret.Allocate<byte>(Ed25519.SeedSize + Ed25519.PublicKeySize);
    private bool _disposed;

    private Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        byte* publicKey = stackalloc byte[Ed25519.PublicKeySize];
        fixed (byte* expanded = _key, bytes = seed)
        {
            Secret.Require(Sodium.crypto_sign_ed25519_seed_keypair(publicKey, expanded, bytes) == 0);
        }
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
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, Ed25519.PublicKeySize, nameof(destination));
        _key.AsSpan(Ed25519.SeedSize).CopyTo(destination);
    }

    /// <summary>RFC 8032 section 5.1.6, deterministic; writes 64 bytes.</summary>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(signature.Length, Ed25519.SignatureSize, nameof(signature));
        fixed (byte* data = message, destination = signature, key = _key)
        {
            Secret.Require(Sodium.crypto_sign_ed25519_detached(destination, 0, data, (ulong)message.Length, key) == 0);
        }
    }

    /// <summary>Writes the seed, 32 bytes.</summary>
    public void ExportSeed(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, Ed25519.SeedSize, nameof(destination));
        _key.AsSpan(0, Ed25519.SeedSize).CopyTo(destination);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_key);
    }
}
