using System.Net;

namespace Xtmp.Gateway;

/// <summary>A connection that counts among those open, until it is disposed of, and among those in their handshake until that is over.</summary>
/// <param name="connections">Where it counts.</param>
/// <param name="endPoint">Who it is.</param>
/// <param name="address">What limits count it by (<see cref="AddressKey"/>).</param>
/// <param name="left">Told when it is disposed of.</param>
internal sealed class AdmittedPeer(ConnectionCounter connections, EndPoint? endPoint, string address, Action<AdmittedPeer>? left = null) : IDisposable
{
    private ServerConnection? _served;
    private int _isHandshakeOver;
    private int _isDraining;
    private int _hasLeft;

    public EndPoint? EndPoint { get; } = endPoint;

    /// <inheritdoc cref="AdmittedPeer" path="/param[@name='address']"/>
    public string Address { get; } = address;

    /// <summary>The handshake is over, well or not. Again does no harm.</summary>
    public void HandshakeEnded()
    {
        if (Interlocked.Exchange(ref _isHandshakeOver, 1) == 0)
        {
            connections.HandshakeEnded(Address);
        }
    }

    /// <summary>Its session. Whoever of the two comes second, this or <see cref="StartDrain"/>, sees the other.</summary>
    public void Serve(ServerConnection served)
    {
        Interlocked.Exchange(ref _served, served);
        if (Volatile.Read(ref _isDraining) != 0)
        {
            served.StartDrain();
        }
    }

    /// <summary>The listener stops.</summary>
    public void StartDrain()
    {
        Interlocked.Exchange(ref _isDraining, 1);
        Volatile.Read(ref _served)?.StartDrain();
    }

    /// <summary>The connection is over. Again does no harm.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _hasLeft, 1) == 0)
        {
            HandshakeEnded();
            connections.Leave(Address);
            left?.Invoke(this);
        }
    }
}
