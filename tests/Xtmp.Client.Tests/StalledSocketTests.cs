using System.Net;
using System.Net.Sockets;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.TestKit.Traffic;
using Xtmp.Testing;
using Xtmp.Transport;

namespace Xtmp.Client.Tests;

/// <summary>A server that has stopped reading its socket holds nobody beyond the deadline.</summary>
public sealed class StalledSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task deadlines_fire_while_the_socket_takes_nothing()
    {
        var time = new VirtualTimeProvider();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var accepting = listener.AcceptAsync();
        var options = new XtmpClientOptions
        {
            ServerFingerprint = TestIdentities.Server.Public.Fingerprint,
            TimeProvider = time,
            CallTimeout = TimeSpan.FromSeconds(10),
            Limits = SessionLimits.Default with { MaxSendQueueBytes = 8 * 1024 * 1024 },
        };
        await using var connection = new XtmpConnection([new XtmpEndpoint("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port)], options);
        var opening = connection.OpenAsync();
        var clock = new SessionClock(time);
        var observer = new Stalling();
        await using var server = new SessionPump(
            XtmpSession.Accept(PairOptions.Server, SystemEntropy.Instance, clock.Now), TcpLink.FromAccepted(await accepting.WaitAsync(Patience)), clock, observer);
        var serving = server.RunAsync();
        await opening.WaitAsync(Patience);

        // The server reads this one and nothing behind it.
        var read = connection.Registry.QueryAsync(new RegistryQuery { Name = "read" }).AsTask();
        await observer.Stalled.WaitAsync(Patience);
        var written = connection.Registry.QueryAsync(new RegistryQuery { Name = "written" }).AsTask();
        var traffic = new TrafficClient(connection.Invoker);
        var full = await Assert.ThrowsAsync<XtmpException>(async () =>
        {
            while (true)
            {
                await traffic.TickAsync(new Tick { Number = 0, Body = new byte[1000] });
            }
        });
        Assert.Equal(XtmpErrorCode.Overloaded, full.Code);
        var queued = connection.Registry.QueryAsync(new RegistryQuery { Name = "queued" }).AsTask();

        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(read.IsCompleted || written.IsCompleted || queued.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        foreach (var call in new[] { read, written, queued })
        {
            Assert.Equal(XtmpErrorCode.Timeout, (await Assert.ThrowsAsync<XtmpException>(() => call.WaitAsync(Patience))).Code);
        }

        // The connection ends without the clock being moved: the server reads on.
        observer.GoOn();
        await connection.DisposeAsync().AsTask().WaitAsync(Patience);
        await serving.WaitAsync(Patience);
    }

    /// <summary>Reads up to the first request, and on when told.</summary>
    private sealed class Stalling : ISessionObserver
    {
        private readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _isAsked;

        public Task Stalled => _stalled.Task;

        public void GoOn() => _goOn.TrySetResult();

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent) => _isAsked |= sessionEvent.Kind == SessionEventKind.Request;

        public ValueTask OnInputHandledAsync()
        {
            if (!_isAsked)
            {
                return default;
            }

            _stalled.TrySetResult();
            return new ValueTask(_goOn.Task);
        }
    }
}
