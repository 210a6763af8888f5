using System.Buffers;
using System.Net.Sockets;
using System.Net.WebSockets;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>
/// A client that holds the socket and the session apart: the session makes genuine bytes, the test decides what of them
/// goes out and how it is changed on the way.
/// </summary>
internal sealed partial class RawPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly SessionClock _clock = new(TimeProvider.System);
    private readonly byte[] _buffer = new byte[128 * 1024];

    private RawPeer(Socket socket, Stream stream, Fingerprint server, IdentityKey? identity, SessionTicket? ticket)
    {
        _socket = socket;
        _stream = stream;
        Session = XtmpSession.Connect(
            new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(server), Identity = identity, Ticket = ticket, Limits = SessionLimits.Default },
            SystemEntropy.Instance,
            _clock.Now);
    }

    public XtmpSession Session { get; }

    public string Address => _socket.LocalEndPoint!.ToString()!;

    /// <summary>Lines of the silo's log before this peer came: an address in them is another's.</summary>
    public int LoggedBefore { get; private init; }

    /// <summary>A connected socket with the first flight still in the session.</summary>
    public static async Task<RawPeer> ConnectAsync(TestSilo silo, IdentityKey? identity = null, SessionTicket? ticket = null, bool webSocket = false)
    {
        var logged = silo.Log.Lines.Count;
        var socket = await Loopback.ConnectAsync(webSocket ? silo.Host.WebSocketEndPoint! : silo.Host.EndPoint);
        Stream stream = webSocket ? WebSocketStream.Create(await Loopback.UpgradeAsync(socket), WebSocketMessageType.Binary) : new NetworkStream(socket);
        return new RawPeer(socket, stream, silo.Host.Fingerprint, identity, ticket) { LoggedBefore = logged };
    }

    /// <summary>A peer whose handshake is done and whose flights are all sent.</summary>
    public static async Task<RawPeer> EstablishAsync(TestSilo silo, IdentityKey? identity = null, bool webSocket = false)
    {
        var peer = await ConnectAsync(silo, identity, webSocket: webSocket);
        await peer.SendAsync(peer.Take());
        await peer.ReceiveUntilAsync(SessionEventKind.Established);
        await peer.SendAsync(peer.Take());
        return peer;
    }

    /// <summary>The same with a silo of another process, and little room for what it sends.</summary>
    public static async Task<RawPeer> EstablishAsync(SiloProcess silo)
    {
        var socket = await Loopback.ConnectAsync(System.Net.IPEndPoint.Parse(silo.Endpoint["xtmp://".Length..]));
        socket.ReceiveBufferSize = 16 * 1024;
        var peer = new RawPeer(socket, new NetworkStream(socket), silo.Fingerprint, identity: null, ticket: null);
        try
        {
            await peer.SendAsync(peer.Take());
            await peer.ReceiveUntilAsync(SessionEventKind.Established);
            await peer.SendAsync(peer.Take());
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the session wants to send now.</summary>
    public byte[] Take()
    {
        var writer = new ArrayBufferWriter<byte>();
        while (Session.PollTransmit(writer, _clock.Now) > 0)
        {
        }

        return writer.WrittenSpan.ToArray();
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) => await _stream.WriteAsync(bytes, cancellationToken);

    /// <summary>Ends the sending direction, as a peer does that died in the middle.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Reads until the session reports the kind of event.</summary>
    public async Task<RawEvent> ReceiveUntilAsync(SessionEventKind kind)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            while (Session.PollEvent(out var next))
            {
                if (next.Kind == kind)
                {
                    return RawEvent.From(next);
                }

                if (next.Kind == SessionEventKind.Closed)
                {
                    throw new InvalidOperationException($"The session ended while waiting for {kind}: {next.Close}");
                }
            }

            var count = await _stream.ReadAsync(_buffer, patience.Token);
            if (count == 0)
            {
                Session.HandleEndOfStream(_clock.Now);
            }
            else
            {
                Session.HandleInput(_buffer.AsSpan(0, count), _clock.Now);
            }
        }
    }

    /// <summary>The next bytes off the socket, past the session.</summary>
    public async Task<byte[]> ReceiveBytesAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var more = await _socket.ReceiveAsync(bytes.AsMemory(received), patience.Token);
            Assert.NotEqual(0, more);
            received += more;
        }

        return bytes;
    }

    /// <summary>Waits until the silo has closed the connection; what it still sends is dropped.</summary>
    public async Task WaitForCloseAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (await _socket.ReceiveAsync(_buffer, patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // A reset is a close too.
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        Session.Dispose();
        return ValueTask.CompletedTask;
    }
}
