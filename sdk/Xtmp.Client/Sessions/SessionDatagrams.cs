using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>The datagrams of one session: a socket of its own, towards where the server said its datagrams are.</summary>
internal sealed class SessionDatagrams : IAsyncDisposable
{
    private readonly SessionPump _pump;
    private readonly IPEndPoint _remote;
    private DatagramSocket _socket;
    private Task _receiving;

    private SessionDatagrams(SessionPump pump, IPEndPoint remote)
    {
        _pump = pump;
        _remote = remote;
        _socket = Bind(remote);
        _receiving = ReceiveAsync(_socket);
        _pump.SendDatagramsBy(_socket, PathAddress.From(remote.Address, remote.Port));
    }

    /// <summary>Null where the announced place leads nowhere: then everything stays on the stream.</summary>
    /// <param name="pump">Of the session.</param>
    /// <param name="announced">host:port; a host of * is the host of the session.</param>
    /// <param name="host">The host of the session.</param>
    /// <param name="cancellationToken">The session is over.</param>
    public static async Task<SessionDatagrams?> OpenAsync(SessionPump pump, string announced, string host, CancellationToken cancellationToken)
    {
        var colon = announced.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(announced.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return null;
        }

        var name = announced[..colon].Trim('[', ']');
        name = name == "*" ? host : name;
        try
        {
            var address = IPAddress.TryParse(name, out var literal) ? literal : (await Dns.GetHostAddressesAsync(name, cancellationToken).ConfigureAwait(false))[0];
            return new SessionDatagrams(pump, new IPEndPoint(address, port));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Goes on from another port, as after a change of network; the server follows once it has challenged the new address.</summary>
    public void Rebind()
    {
        var before = _socket;
        _socket = Bind(_remote);
        _receiving = Task.WhenAll(_receiving, ReceiveAsync(_socket));
        _pump.SendDatagramsBy(_socket);
        before.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _receiving.ConfigureAwait(false);
    }

    private static DatagramSocket Bind(IPEndPoint remote) =>
        DatagramSocket.Bind(new IPEndPoint(remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));

    private async Task ReceiveAsync(DatagramSocket socket)
    {
        try
        {
            while (true)
            {
                // The batch is this session's only while there is something in it.
                await socket.WaitAsync(CancellationToken.None).ConfigureAwait(false);
                var batch = DatagramBatch.Rent();
                await socket.ReceiveAsync(batch, CancellationToken.None).ConfigureAwait(false);
                _pump.HandleDatagrams(batch, 0, batch.Count);
                batch.Return();
            }
        }
        catch (ObjectDisposedException)
        {
            // The session is over, or has gone on to another socket.
        }
    }
}
