using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Xtmp.TestKit;

/// <summary>
/// A proxy on the loopback for TCP and UDP, which treats what it carries as <see cref="Faults"/> says, by a seed, and cuts
/// connections when told to.
/// </summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    private const int BufferBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Random _random;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(Socket Client, Socket Server)> _connections = [];
    private readonly Dictionary<EndPoint, Mapping> _mappings = [];
    private readonly List<Task> _running = [];

    public FaultyProxy(int seed)
    {
        _random = new Random(seed);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Run(AcceptAsync);
        Run(ReceiveAsync);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public IPEndPoint DatagramEndPoint => (IPEndPoint)_datagrams.LocalEndPoint!;

    /// <summary>Where connections lead; until it is set they are refused.</summary>
    public IPEndPoint? Target { get; set; }

    public IPEndPoint? DatagramTarget { get; set; }

    public ProxyFaults Faults { get; set; } = ProxyFaults.None;

    /// <summary>Connections carried now.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Resets one connection at random, or closes one direction of it. False where there is none.</summary>
    public bool Cut(bool half = false)
    {
        (Socket Client, Socket Server) cut;
        lock (_gate)
        {
            if (_connections.Count == 0)
            {
                return false;
            }

            cut = _connections[_random.Next(_connections.Count)];
        }

        try
        {
            if (half)
            {
                cut.Server.Shutdown(SocketShutdown.Send);
            }
            else
            {
                cut.Client.Close(0);
                cut.Server.Close(0);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It ended by itself.
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        _datagrams.Dispose();
        Task[] running;
        lock (_gate)
        {
            running = [.. _running];
            foreach (var mapping in _mappings.Values)
            {
                mapping.Socket.Dispose();
            }
        }

        await Task.WhenAll(running);
        _stopping.Dispose();
    }

    private void Run(Func<Task> part)
    {
        async Task RunAsync()
        {
            try
            {
                await part();
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One side is gone, or the proxy is.
            }
        }

        lock (_gate)
        {
            _running.RemoveAll(task => task.IsCompleted);
            _running.Add(RunAsync());
        }
    }

    private bool Chance(double probability)
    {
        lock (_gate)
        {
            return probability > 0 && _random.NextDouble() < probability;
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptAsync(_stopping.Token);
            Run(() => CarryAsync(client));
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var owned = client;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        if (Target is not { } target)
        {
            client.Close(0);
            return;
        }

        await server.ConnectAsync(target, _stopping.Token);
        lock (_gate)
        {
            _connections.Add((client, server));
        }

        try
        {
            await Task.WhenAll(CopyAsync(client, server), CopyAsync(server, client));
        }
        finally
        {
            lock (_gate)
            {
                _connections.Remove((client, server));
            }
        }
    }

    /// <summary>Reads ahead of what it hands on, as a network does, but not without bound.</summary>
    private async Task CopyAsync(Socket from, Socket to)
    {
        var pieces = Channel.CreateBounded<(byte[] Bytes, long Due)>(64);
        var reading = ReadAsync(from, pieces.Writer);
        try
        {
            await foreach (var (bytes, due) in pieces.Reader.ReadAllAsync(_stopping.Token))
            {
                await WaitUntilAsync(due);
                var step = Faults.SegmentBytes > 0 ? Faults.SegmentBytes : bytes.Length;
                for (var offset = 0; offset < bytes.Length; offset += step)
                {
                    await to.SendAsync(bytes.AsMemory(offset, Math.Min(step, bytes.Length - offset)), _stopping.Token);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // What is cut on one side is cut on the other.
            from.Close(0);
            to.Close(0);
            throw;
        }
        finally
        {
            await reading;
        }
    }

    private async Task ReadAsync(Socket from, ChannelWriter<(byte[] Bytes, long Due)> pieces)
    {
        var buffer = new byte[BufferBytes];
        var free = 0L;
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _stopping.Token)) > 0)
            {
                var faults = Faults;
                var now = Environment.TickCount64;
                free = Math.Max(free, now) + (faults.BytesPerSecond > 0 ? count * 1000L / faults.BytesPerSecond : 0);
                var repeat = Chance(faults.Loss) ? faults.RepeatTime : TimeSpan.Zero;
                free += (long)repeat.TotalMilliseconds;
                await pieces.WriteAsync((buffer[..count], free + (long)faults.Delay.TotalMilliseconds), _stopping.Token);
            }

            pieces.TryComplete();
        }
        catch (Exception error)
        {
            pieces.TryComplete(error);
        }
    }

    private async Task WaitUntilAsync(long due)
    {
        var wait = due - Environment.TickCount64;
        if (wait > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(wait), TimeProvider.System, _stopping.Token);
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[2048];
        var any = new IPEndPoint(IPAddress.Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, any, _stopping.Token);
            }
            catch (SocketException)
            {
                continue;
            }

            if (DatagramTarget is { } target)
            {
                var socket = MapFor(received.RemoteEndPoint);
                Carry(buffer[..received.ReceivedBytes], bytes => socket.SendToAsync(bytes, SocketFlags.None, target, _stopping.Token));
            }
        }
    }

    /// <summary>The port that a client's datagrams come from, as the target sees it.</summary>
    private Socket MapFor(EndPoint client)
    {
        lock (_gate)
        {
            if (_mappings.TryGetValue(client, out var known) && (Faults.DatagramsPerPort == 0 || known.Count < Faults.DatagramsPerPort))
            {
                known.Count++;
                return known.Socket;
            }

            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _mappings[client] = new Mapping(socket);
            Run(() => AnswerAsync(socket, client));
            return socket;
        }
    }

    private async Task AnswerAsync(Socket socket, EndPoint client)
    {
        using var owned = socket;
        var buffer = new byte[2048];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, _stopping.Token);
            Carry(buffer[..count], bytes => _datagrams.SendToAsync(bytes, SocketFlags.None, client, _stopping.Token));
        }
    }

    private void Carry(byte[] datagram, Func<byte[], ValueTask<int>> send)
    {
        var faults = Faults;
        if (Chance(faults.Loss))
        {
            return;
        }

        var delay = faults.Delay + (Chance(faults.Reordering) ? TimeSpan.FromMilliseconds(20) : TimeSpan.Zero);
        for (var copies = Chance(faults.Duplication) ? 2 : 1; copies > 0; copies--)
        {
            Run(async () =>
            {
                if (delay > TimeSpan.Zero)
                {
                    await Task.Delay(delay, TimeProvider.System, _stopping.Token);
                }

                await send(datagram);
            });
        }
    }

    private sealed class Mapping(Socket socket)
    {
        public Socket Socket { get; } = socket;

        public int Count { get; set; } = 1;
    }
}
