using System.Net;

namespace Xtmp.Gateway;

/// <summary>A connection that counts among those open, until it is disposed of, and among those in their handshake until that is over.</summary>
internal sealed class AdmittedPeer(ConnectionCounter connections, EndPoint? endPoint, string address) : IDisposable
{
    private int _isOver;

    public EndPoint? EndPoint { get; } = endPoint;

    /// <summary>What limits count it by (<see cref="AddressKey"/>).</summary>
    public string Address { get; } = address;

    /// <summary>The handshake is over, well or not. Again does no harm.</summary>
    public void HandshakeEnded()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            connections.HandshakeEnded(Address);
        }
    }

    public void Dispose()
    {
        HandshakeEnded();
        connections.Leave(Address);
    }
}
