using System.Net;
using System.Net.Sockets;

namespace Xtmp.Transport;

/// <summary>One system call a datagram, on any system.</summary>
internal sealed class PlainDatagramSocket(IPEndPoint local) : DatagramSocket(local)
{
    private readonly SocketAddress _from = new(local.AddressFamily);

    public override async ValueTask ReceiveAsync(DatagramBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            var length = await Socket.ReceiveFromAsync(batch.Slot(0), SocketFlags.None, _from, cancellationToken).ConfigureAwait(false);
            batch.Add(length, SocketAddresses.Read(_from.Buffer.Span, Socket.AddressFamily));
            while (!batch.IsFull && Socket.Available > 0)
            {
                length = Socket.ReceiveFrom(batch.Free, SocketFlags.None, _from);
                batch.Add(length, SocketAddresses.Read(_from.Buffer.Span, Socket.AddressFamily));
            }
        }
        catch (SocketException error) when (error.SocketErrorCode != SocketError.OperationAborted)
        {
            // A datagram that was too long, or news of one that did not arrive.
        }
        catch (SocketException)
        {
            throw new ObjectDisposedException(nameof(PlainDatagramSocket));
        }
    }

    public override async ValueTask SendAsync(DatagramBatch batch)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            if (!await SendOneAsync(batch, index).ConfigureAwait(false))
            {
                return;
            }
        }
    }
}
