using System.Net;

namespace Xtmp.Gateway;

/// <summary>A connection that counts among those open, until it is disposed of.</summary>
internal sealed class AdmittedPeer(ConnectionCounter connections, EndPoint? endPoint, string address) : IDisposable
{
    public EndPoint? EndPoint { get; } = endPoint;

    /// <summary>What limits count it by (<see cref="AddressKey"/>).</summary>
    public string Address { get; } = address;

    public HandshakeSlot Slot { get; } = new(connections, address);

    public void Dispose()
    {
        Slot.Release();
        connections.Leave(Address);
    }
}
