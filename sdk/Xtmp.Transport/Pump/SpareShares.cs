using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// A few X25519 keys for the next handshakes of a listener, or of a program that connects often. One is made on the thread
/// pool for each that was taken, which at a server only a hello with a valid mac1 does: a peer cannot cause more of this
/// work than before. Keys wait in memory until the next handshakes, and are no use to who reads them there except for
/// those.
/// </summary>
public sealed class SpareShares : ISpareShares, IThreadPoolWorkItem, IDisposable
{
    /// <summary>Enough for a burst of connections; each costs some hundred bytes.</summary>
    public const int DefaultCapacity = 16;

    private readonly ConcurrentQueue<X25519PrivateKey> _keys = [];
    private readonly IEntropy _entropy;
    private volatile bool _disposed;

    /// <summary>Makes <paramref name="capacity"/> keys at once.</summary>
    public SpareShares(IEntropy entropy, int capacity = DefaultCapacity)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _entropy = entropy;
        for (var count = 0; count < capacity; count++)
        {
            Make();
        }
    }

    public X25519PrivateKey? TryTake()
    {
        if (!_keys.TryDequeue(out var key))
        {
            return null;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return key;
    }

    /// <summary>Erases the keys that are left.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_keys.TryDequeue(out var key))
        {
            key.Dispose();
        }
    }

    /// <summary>For the thread pool: makes the key that replaces one taken.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (!_disposed)
        {
            Make();
        }

        if (_disposed)
        {
            Dispose();
        }
    }

    private void Make()
    {
        Span<byte> bytes = stackalloc byte[X25519.KeySize];
        _entropy.Fill(bytes);
        _keys.Enqueue(X25519PrivateKey.FromBytes(bytes));
        CryptographicOperations.ZeroMemory(bytes);
    }
}
