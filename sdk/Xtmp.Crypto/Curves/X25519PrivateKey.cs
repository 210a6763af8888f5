using System.Security.Cryptography;

namespace Xtmp.Crypto;

/// <summary>
/// An X25519 private key, RFC 7748, with its public key, which importing computes. Disposing erases it.
/// </summary>
[SecretHandling]
public sealed class X25519PrivateKey : IDisposable
{
    // Private key ‖ public key.
    private readonly byte[] _keys = Secret.Allocate<byte>(2 * X25519.KeySize);
    private bool _disposed;

    private X25519PrivateKey(ReadOnlySpan<byte> privateKey)
    {
        privateKey.CopyTo(_keys);
        X25519.PublicKey(privateKey, _keys.AsSpan(X25519.KeySize));
    }

    /// <param name="privateKey">32 uniformly random bytes; they are clamped in use.</param>
    public static X25519PrivateKey FromBytes(ReadOnlySpan<byte> privateKey)
    {
        ArgumentSize.Require(privateKey.Length, X25519.KeySize, nameof(privateKey));
        return new X25519PrivateKey(privateKey);
    }

    /// <summary>Writes the public key, 32 bytes.</summary>
    public void WritePublicKey(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentSize.Require(destination.Length, X25519.KeySize, nameof(destination));
        _keys.AsSpan(X25519.KeySize).CopyTo(destination);
    }

    /// <summary>The shared secret with a peer; see <see cref="X25519.TryAgree"/>.</summary>
    public bool TryAgree(ReadOnlySpan<byte> peerPublicKey, Span<byte> sharedSecret)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return X25519.TryAgree(_keys.AsSpan(0, X25519.KeySize), peerPublicKey, sharedSecret);
    }

    /// <summary>Erases the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_keys);
    }
}
