using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Xtmp.Protocol;

namespace Xtmp.Transport;

/// <summary>A TCP connection.</summary>
public sealed class TcpLink : ILink
{
    private readonly Socket _socket;

    private TcpLink(Socket socket)
    {
        _socket = socket;
        socket.Blocking = false;
        Input = new SocketReader(socket);
        Output = new SocketWriter(socket);
        PeerAddress = socket.RemoteEndPoint?.ToString() ?? "unknown";
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public string PeerAddress { get; }

    /// <summary>Connects to the first address of the host that answers, IPv6 and IPv4 in turn (RFC 8305).</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <param name="time">The clock between attempts.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="XtmpException">Network fault, code <see cref="XtmpErrorCode.ConnectFailed"/>.</exception>
    public static async Task<TcpLink> ConnectAsync(string host, int port, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
            if (addresses.Length == 0)
            {
                throw new SocketException((int)SocketError.HostNotFound);
            }

            if (addresses is [var only])
            {
                return new TcpLink(await ConnectAsync(new IPEndPoint(only, port), cancellationToken).ConfigureAwait(false));
            }

            return new TcpLink(await HappyEyeballs.ConnectAsync(addresses, (address, token) => ConnectAsync(new IPEndPoint(address, port), token), time, cancellationToken).ConfigureAwait(false));
        }
        catch (SocketException error)
        {
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"No connection to {host}:{port}: {error.Message}.", retryable: true, innerException: error);
        }
    }

    /// <summary>A connection that a listener of this process accepted; the link owns the socket from here on.</summary>
    public static TcpLink FromAccepted(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        socket.NoDelay = true;
        return new TcpLink(socket);
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Abort()
    {
        // Linger 0 sends a reset, so that a peer that reads nothing does not keep our buffers.
        try
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Already closed, which is what was asked.
        }

        _socket.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Completing writes what is still buffered.
            await Output.CompleteAsync().ConfigureAwait(false);
            await Input.CompleteAsync().ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // The peer closed first.
        }

        _socket.Dispose();
    }
}
