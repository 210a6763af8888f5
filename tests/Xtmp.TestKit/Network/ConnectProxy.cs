using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Xtmp.TestKit;

/// <summary>An HTTP proxy on the loopback that knows CONNECT and nothing else.</summary>
public sealed class ConnectProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _tunnels = [];
    private readonly Task _accepting;
    private int _connects;

    public ConnectProxy()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndPoint}");

    /// <summary>Tunnels opened so far.</summary>
    public int Connects => Volatile.Read(ref _connects);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_tunnels);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _tunnels.Add(TunnelAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task TunnelAsync(Socket client)
    {
        using var owned = client;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            var request = await ReadHeadAsync(client);
            var words = request.Split(' ');
            if (words[0] != "CONNECT" || !IPEndPoint.TryParse(words[1], out var target))
            {
                await client.SendAsync("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stopping.Token);
                return;
            }

            await server.ConnectAsync(target, _stopping.Token);
            Interlocked.Increment(ref _connects);
            await client.SendAsync("HTTP/1.1 200 Connection Established\r\n\r\n"u8.ToArray(), _stopping.Token);
            await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }

    // A byte at a time: what follows the head belongs to the tunnel.
    private async Task<string> ReadHeadAsync(Socket client)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReceiveAsync(one, _stopping.Token) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await from.ReceiveAsync(buffer, _stopping.Token)) > 0)
        {
            await to.SendAsync(buffer.AsMemory(0, count), _stopping.Token);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
