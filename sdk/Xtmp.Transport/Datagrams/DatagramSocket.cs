using System.Net;
using System.Net.Sockets;

namespace Xtmp.Transport;

/// <summary>
/// A UDP socket that takes and gives datagrams in batches. Datagrams are never split on their way: a path that does not
/// carry them as they are counts as none.
/// </summary>
public abstract class DatagramSocket : IDisposable
{
    // Bursts wait here while the process is not scheduled; the system may allow less.
    private const int BufferBytes = 8 * 1024 * 1024;

    private readonly byte[] _peeked = new byte[1];

    private protected DatagramSocket(IPEndPoint local)
    {
        Socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily == AddressFamily.InterNetworkV6)
            {
                Socket.DualMode = true;
            }

            Socket.Bind(local);
            Socket.ReceiveBufferSize = BufferBytes;
            Socket.SendBufferSize = BufferBytes;
            ForceReceiveBuffer();
            if (local.AddressFamily == AddressFamily.InterNetwork)
            {
                Socket.DontFragment = true;
            }

            if (OperatingSystem.IsWindows())
            {
                // A peer that is gone must not end the receiving from all others (SIO_UDP_CONNRESET).
                Socket.IOControl(unchecked((int)0x9800000C), [0], null);
            }
        }
        catch
        {
            Socket.Dispose();
            throw;
        }
    }

    public IPEndPoint LocalEndPoint => (IPEndPoint)Socket.LocalEndPoint!;

    private protected Socket Socket { get; }

    /// <summary>A socket at this address; with many datagrams a system call where the system has that and <paramref name="batched"/> is true.</summary>
    /// <exception cref="SocketException">The address is taken or not of this machine.</exception>
    public static DatagramSocket Bind(IPEndPoint local, bool batched = true)
    {
        ArgumentNullException.ThrowIfNull(local);
        return batched && LinuxDatagramSocket.IsSupported ? new LinuxDatagramSocket(local) : new PlainDatagramSocket(local);
    }

    /// <summary>Waits until there is a datagram, and leaves it where it is.</summary>
    /// <exception cref="ObjectDisposedException">The socket is disposed.</exception>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Socket.ReceiveAsync(_peeked, SocketFlags.Peek, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.OperationAborted)
        {
            throw new ObjectDisposedException(nameof(DatagramSocket));
        }
        catch (SocketException)
        {
            // A datagram longer than what is looked at, or news of one that did not arrive.
        }
    }

    /// <summary>Waits for datagrams, and takes those that are there into an empty batch: at least one, but for those that could not be taken.</summary>
    /// <exception cref="ObjectDisposedException">The socket is disposed.</exception>
    public abstract ValueTask ReceiveAsync(DatagramBatch batch, CancellationToken cancellationToken);

    /// <summary>Sends a batch. What the network refuses is lost, as datagrams are.</summary>
    public abstract ValueTask SendAsync(DatagramBatch batch);

    public void Dispose()
    {
        Socket.Dispose();
        GC.SuppressFinalize(this);
    }

    // Linux holds the option to net.core.rmem_max, some 200 KiB unless it was raised, which is 2 ms of a fast sender. A
    // privileged process may go beyond it (SO_RCVBUFFORCE); another one keeps what it got.
    private void ForceReceiveBuffer()
    {
        const int socketLevel = 1;
        const int force = 33;
        if (OperatingSystem.IsLinux() && Socket.ReceiveBufferSize < BufferBytes)
        {
            try
            {
                Socket.SetRawSocketOption(socketLevel, force, BitConverter.GetBytes(BufferBytes));
            }
            catch (SocketException)
            {
                // Not privileged.
            }
        }
    }

    /// <summary>Sends one datagram, waiting for room. False where the socket is gone.</summary>
    private protected async ValueTask<bool> SendOneAsync(DatagramBatch batch, int index)
    {
        var address = new SocketAddress(Socket.AddressFamily);
        address.Size = SocketAddresses.Write(address.Buffer.Span, batch.AddressOf(index), Socket.AddressFamily);
        try
        {
            await Socket.SendToAsync(batch.MemoryOf(index), SocketFlags.None, address).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }
}
