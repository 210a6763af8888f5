using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>Raw connections to a silo of this machine.</summary>
internal static class Loopback
{
    public static async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        return socket;
    }

    /// <summary>Asks for a WebSocket to the gateway by hand, so that the socket stays in reach.</summary>
    public static async Task<WebSocket> UpgradeAsync(Socket socket)
    {
        var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(UpgradeRequest(socket)));
        var answer = new List<byte>();
        while (!CollectionsMarshal.AsSpan(answer).EndsWith("\r\n\r\n"u8))
        {
            var next = new byte[1];
            await stream.ReadExactlyAsync(next);
            answer.Add(next[0]);
        }

        Assert.StartsWith("HTTP/1.1 101 ", Encoding.ASCII.GetString([.. answer]), StringComparison.Ordinal);
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { SubProtocol = WebSocketLink.Subprotocol });
    }

    /// <summary>The request of a well-behaved client.</summary>
    public static string UpgradeRequest(Socket socket) =>
        $"GET {WebSocketLink.Path} HTTP/1.1\r\nHost: {socket.RemoteEndPoint}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + $"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {WebSocketLink.Subprotocol}\r\n\r\n";

    /// <summary>A port that nobody has now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
