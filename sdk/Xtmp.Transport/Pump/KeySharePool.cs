using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.Transport;

/// <summary>
/// A few X25519 keys for the next handshakes of a listener, or of a program that connects often. When half of them are
/// taken they are made up for on the thread pool, in one go, so that most handshakes do not share the processor with it. At
/// a server only a hello with a valid mac1 takes one: a peer cannot cause more of this work than before. Keys wait in
/// memory until the next handshakes, and are no use to who reads them there except for those.
/// </summary>
public sealed class KeySharePool : IKeySharePool, IThreadPoolWorkItem, IDisposable
{
    /// <summary>Enough for a burst of connections; each costs some hundred bytes.</summary>
    public const int DefaultCapacity = 16;

    private readonly ConcurrentQueue<X25519PrivateKey> _keys = [];
    private readonly IEntropy _entropy;
    private readonly int _capacity;
    private int _filling;
    private volatile bool _disposed;

    /// <summary>Makes <paramref name="capacity"/> keys at once.</summary>
    public KeySharePool(IEntropy entropy, int capacity = DefaultCapacity)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _entropy = entropy;
        _capacity = capacity;
        Fill();
    }

    public X25519PrivateKey? TryTake()
    {
        if (!_keys.TryDequeue(out var key))
        {
            return null;
        }

        if (_keys.Count <= _capacity / 2 && Interlocked.Exchange(ref _filling, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

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

    /// <summary>For the thread pool: makes up for the keys taken.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            Fill();
        }
        catch (CryptographicException)
        {
            // Who finds the pool empty makes a key of their own: what fails there too ends one handshake, and here the process.
        }

        Volatile.Write(ref _filling, 0);
        if (_disposed)
        {
            Dispose();
        }
    }

    private void Fill()
    {
        Span<byte> bytes = stackalloc byte[X25519.KeySize];
        while (_keys.Count < _capacity && !_disposed)
        {
            _entropy.Fill(bytes);
            _keys.Enqueue(X25519PrivateKey.FromBytes(bytes));
        }

        CryptographicOperations.ZeroMemory(bytes);
    }
}
