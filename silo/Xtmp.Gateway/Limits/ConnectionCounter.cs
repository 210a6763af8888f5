using System.Runtime.InteropServices;

namespace Xtmp.Gateway;

/// <summary>Open connections, those in their handshake and all, by address and in total.</summary>
internal sealed class ConnectionCounter(GatewayOptions options)
{
    private readonly Lock _lock = new();
    private volatile GatewayOptions _options = options;
    private readonly Dictionary<string, (int HalfOpen, int All)> _byAddress = new(StringComparer.Ordinal);
    private int _halfOpen;
    private int _all;

    public int Count => Volatile.Read(ref _all);

    public int HalfOpen => Volatile.Read(ref _halfOpen);

    /// <summary>Takes other limits from now on; who is in stays in.</summary>
    public void Apply(GatewayOptions options) => _options = options;

    /// <summary>Counts a new connection; false with the limit that refuses it.</summary>
    public bool TryEnter(string address, out string? limit)
    {
        var options = _options;
        lock (_lock)
        {
            ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _);
            limit = _all >= options.MaxConnections ? $"{options.MaxConnections} connections are open"
                : _halfOpen >= options.MaxHalfOpen ? $"{options.MaxHalfOpen} connections are in their handshake"
                : counts.All >= options.MaxConnectionsPerAddress ? $"its address has {options.MaxConnectionsPerAddress} connections"
                : counts.HalfOpen >= options.MaxHalfOpenPerAddress ? $"its address has {options.MaxHalfOpenPerAddress} connections in their handshake"
                : null;
            if (limit is not null)
            {
                if (counts == default)
                {
                    _byAddress.Remove(address);
                }

                return false;
            }

            counts = (counts.HalfOpen + 1, counts.All + 1);
            _halfOpen++;
            _all++;
            return true;
        }
    }

    /// <summary>A connection's handshake is over, or it ends without.</summary>
    public void HandshakeEnded(string address)
    {
        lock (_lock)
        {
            ref var counts = ref CollectionsMarshal.GetValueRefOrNullRef(_byAddress, address);
            counts.HalfOpen--;
            _halfOpen--;
        }
    }

    public void Leave(string address)
    {
        lock (_lock)
        {
            ref var counts = ref CollectionsMarshal.GetValueRefOrNullRef(_byAddress, address);
            counts.All--;
            _all--;
            if (counts.All == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }
}
