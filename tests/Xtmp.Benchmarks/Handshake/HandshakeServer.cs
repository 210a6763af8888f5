using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The other process of the handshake benches: four listeners on free ports of the loopback, one for XTMP sessions, one
/// that also asks for the client's identity, one for TLS 1.3, one that echoes. Prints the ports and its fingerprint, and ends with its
/// standard input.
/// </summary>
internal static class HandshakeServer
{
    public const string Verb = "serve-handshakes";

    /// <summary>About what a hello and its answer have.</summary>
    public const int EchoSize = 2000;

    public static async Task<int> RunAsync()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        using var certificate = LocalCertificate.Create();
        var clock = new SessionClock(TimeProvider.System);
        var options = new ServerSessionOptions
        {
            Identity = identity,
            ClientAuthentication = ClientAuthentication.None,
            TicketKeys = new TicketKeyRing(SystemEntropy.Instance),
            KeySharePool = new KeySharePool(SystemEntropy.Instance),
        };
        var server = Listen();
        var mutual = Listen();
        var tls = Listen();
        var echo = Listen();
        _ = AcceptAsync(server, socket => ServeAsync(socket, options, clock));
        _ = AcceptAsync(mutual, socket => ServeAsync(socket, options with { ClientAuthentication = ClientAuthentication.Required }, clock));
        _ = AcceptAsync(tls, socket => ServeTlsAsync(socket, certificate));
        _ = AcceptAsync(echo, ServeEchoAsync);
        Console.WriteLine($"{Port(server)} {Port(mutual)} {Port(tls)} {Port(echo)} {identity.Public.Fingerprint}");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task ServeAsync(Socket socket, ServerSessionOptions options, SessionClock clock)
    {
        var pump = new SessionPump(XtmpSession.Accept(options, SystemEntropy.Instance, clock.Now, socket.RemoteEndPoint), TcpLink.FromAccepted(socket), clock, NoObserver.Instance);
        await using (pump)
        {
            await pump.RunAsync();
        }
    }

    private static async Task ServeTlsAsync(Socket socket, X509Certificate2 certificate)
    {
        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 });

        // A byte back, so that both protocols are measured until the client has heard from the server's application side.
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]);
    }

    /// <summary>Fills the buffer; false at the end of the stream.</summary>
    public static async Task<bool> ReceiveAsync(Socket socket, Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = await socket.ReceiveAsync(buffer);
            if (count == 0)
            {
                return false;
            }

            buffer = buffer[count..];
        }

        return true;
    }

    private static async Task ServeEchoAsync(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[EchoSize];
            while (await ReceiveAsync(socket, buffer))
            {
                await socket.SendAsync(buffer);
            }
        }
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(1024);
        return socket;
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static async Task AcceptAsync(Socket listener, Func<Socket, Task> serve)
    {
        while (true)
        {
            var socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = Task.Run(async () =>
            {
                try
                {
                    await serve(socket);
                }
                catch (Exception error) when (error is IOException or SocketException or AuthenticationException)
                {
                    // A client that is done closes as it likes.
                }
            });
        }
    }
}
