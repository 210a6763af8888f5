namespace Xtmp.Gateway;

/// <summary>A connection's place among those whose handshake is not over.</summary>
internal sealed class HandshakeSlot(ConnectionCounter connections, string address)
{
    private int _isReleased;

    /// <summary>The handshake is over, well or not. Again does no harm.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
        {
            connections.HandshakeEnded(address);
        }
    }
}
