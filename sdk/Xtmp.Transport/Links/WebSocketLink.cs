using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using Xtmp.Protocol;

namespace Xtmp.Transport;

/// <summary>A WebSocket whose binary messages are one byte stream (SPEC §3): their boundaries mean nothing.</summary>
public sealed class WebSocketLink : ILink
{
    /// <summary>The path of an XTMP gateway.</summary>
    public const string Path = "/xtmp";

    /// <summary>The subprotocol that both ends name.</summary>
    public const string Subprotocol = "xtmp.1";

    // A write this large is one message: the flight of a handshake, or many small frames.
    private const int BufferSize = 64 * 1024;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;

    /// <summary>The link owns the socket from here on.</summary>
    public WebSocketLink(WebSocket socket, string peerAddress)
    {
        ArgumentNullException.ThrowIfNull(socket);
        _socket = socket;
        var stream = new WebSocketByteStream(socket);
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize, leaveOpen: true, useZeroByteReads: true));
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferSize, leaveOpen: true));
        PeerAddress = peerAddress;
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public string PeerAddress { get; }

    /// <summary>Connects to a gateway.</summary>
    /// <param name="address">With the scheme ws or wss and <see cref="Path"/>.</param>
    /// <param name="proxy">An HTTP proxy to go through by CONNECT; null takes the system's.</param>
    /// <param name="cancellationToken">Gives the attempt up.</param>
    /// <exception cref="XtmpException">Network fault, code <see cref="XtmpErrorCode.ConnectFailed"/>.</exception>
    public static async Task<WebSocketLink> ConnectAsync(Uri address, IWebProxy? proxy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new ClientWebSocket();
        try
        {
            // Sessions have heartbeats of their own.
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.AddSubProtocol(Subprotocol);
            if (proxy is not null)
            {
                socket.Options.Proxy = proxy;
            }

            await socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            return socket.SubProtocol == Subprotocol
                ? new WebSocketLink(socket, address.ToString())
                : throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"{address} does not speak {Subprotocol}.");
        }
        catch (WebSocketException error)
        {
            socket.Dispose();
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"No WebSocket to {address}: {error.Message}", retryable: true, innerException: error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Output.CompleteAsync().ConfigureAwait(false);
            await Input.CompleteAsync().ConfigureAwait(false);
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var patience = new CancellationTokenSource(CloseTimeout);
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The peer closed first.
        }

        _socket.Dispose();
    }
}
