using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xtmp.Benchmarks.Echo;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>The other process of the verb udp: sessions whose datagrams it opens and counts.</summary>
internal static class UdpServer
{
    public const string Verb = "serve-udp";

    public static async Task<int> RunAsync()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        using var datagrams = DatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var clock = new SessionClock(TimeProvider.System);
        var counter = new Counter();
        _ = ServeAsync(listener, datagrams, counter, clock, new ServerSessionOptions
        {
            Identity = identity,
            ClientAuthentication = ClientAuthentication.None,
            EnableDatagrams = true,
            DatagramEndpoint = $"127.0.0.1:{datagrams.LocalEndPoint.Port}",
        });
        await BenchChild.ServeAsync(
            $"{((IPEndPoint)listener.LocalEndPoint!).Port} {datagrams.LocalEndPoint.Port} {identity.Public.Fingerprint}",
            question => (question == "messages" ? counter.Messages : question == "datagrams" ? counter.Datagrams : GC.GetTotalAllocatedBytes()).ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static async Task ServeAsync(Socket listener, DatagramSocket datagrams, Counter counter, SessionClock clock, ServerSessionOptions options)
    {
        var socket = await listener.AcceptAsync();
        await using var pump = new SessionPump(XtmpSession.Accept(options, SystemEntropy.Instance, clock.Now, socket.RemoteEndPoint), TcpLink.FromAccepted(socket), clock, counter);
        pump.SendDatagramsBy(datagrams);
        var running = pump.RunAsync();
        var batch = DatagramBatch.Rent();
        while (!running.IsCompleted)
        {
            batch.Clear();
            await datagrams.ReceiveAsync(batch, CancellationToken.None);
            counter.Datagrams += batch.Count;
            pump.HandleDatagrams(batch, 0, batch.Count);
        }
    }

    private sealed class Counter : ISessionObserver
    {
        public long Messages;
        public long Datagrams;

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.OneWay && sessionEvent.IsDatagram
                && Sample.TryDecode(sessionEvent.Payload.Span, Protocol.DecodeLimits.Untrusted, out _, out _, out _) == Protocol.DecodeStatus.Ok)
            {
                Messages++;
            }
        }
    }
}
