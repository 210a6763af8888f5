using System.Net;
using System.Net.Sockets;

namespace Xtmp.Silo.Tests;

/// <summary>Raw connections to a silo of this machine.</summary>
internal static class Loopback
{
    private const int MaxAttempts = 3;

    /// <summary>
    /// A connected socket. On a machine under load about one connection in some thousands is reset before the silo sees it
    /// (no line in its log, no refusal counted), which is not what these tests are about.
    /// </summary>
    public static async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        for (var attempt = 1; ; attempt++)
        {
            var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(endPoint);
                return socket;
            }
            catch (SocketException error) when (attempt < MaxAttempts && error.SocketErrorCode == SocketError.ConnectionReset)
            {
                socket.Dispose();
            }
        }
    }
}
