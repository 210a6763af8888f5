using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Xtmp.Benchmarks;

/// <summary>
/// The limit: 200 bytes and back over SslStream, no messages. What has come back is counted, and as much sent again in one
/// write, which is the batching that ours has.
/// </summary>
internal sealed class SslPeer(int port) : RpcPeer
{
    private const int RequestSize = 200;

    private readonly List<SslStream> _streams = [];
    private readonly byte[] _buffer = new byte[RequestSize];

    public override string Name => "SslStream echo";

    public override async Task OpenAsync(int connections)
    {
        for (var index = 0; index < connections; index++)
        {
            _streams.Add(await ConnectAsync());
        }
    }

    public override async Task<long> PumpAsync(int inFlight, TimeSpan time) =>
        (await Task.WhenAll(_streams.Select(stream => Task.Run(() => PumpAsync(stream, inFlight, time))))).Sum();

    public override async ValueTask CallAsync()
    {
        await _streams[0].WriteAsync(_buffer);
        await _streams[0].ReadExactlyAsync(_buffer);
    }

    public override async Task<Func<ValueTask>> ConnectAndCallAsync()
    {
        var stream = await ConnectAsync();
        await stream.WriteAsync(_buffer);
        await stream.ReadExactlyAsync(_buffer);
        return stream.DisposeAsync;
    }

    public override async Task CloseAsync()
    {
        foreach (var stream in _streams)
        {
            await stream.DisposeAsync();
        }

        _streams.Clear();
    }

    private static async Task<long> PumpAsync(SslStream stream, int inFlight, TimeSpan time)
    {
        var buffer = new byte[Math.Max(64 * 1024, inFlight * RequestSize)];
        var start = Stopwatch.GetTimestamp();
        long done = 0;
        long sent = inFlight;
        await stream.WriteAsync(buffer.AsMemory(0, inFlight * RequestSize));
        var rest = 0;
        while (done < sent)
        {
            var count = await stream.ReadAsync(buffer);
            rest += count;
            var answered = rest / RequestSize;
            rest %= RequestSize;
            done += answered;
            if (answered > 0 && Stopwatch.GetElapsedTime(start) < time)
            {
                sent += answered;
                await stream.WriteAsync(buffer.AsMemory(0, answered * RequestSize));
            }
        }

        return done;
    }

    private async Task<SslStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        });
        return stream;
    }
}
