using System.Diagnostics;
using System.Globalization;
using System.Net;
using Xtmp.Benchmarks.Echo;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>udp</c>: secured datagrams of one session between two processes, and what of them the receiver opened.</summary>
internal static class UdpBenches
{
    private const int Rounds = 5;

    // The rate rises and finds what the path takes.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);

    public static async Task RunAsync(BenchContext context)
    {
        // Two of these do not fit a datagram.
        await MeasureAsync(context, "udp.datagrams", "datagrams", bodySize: 540, bar: 150_000);
        await MeasureAsync(context, "udp.messages", "messages", bodySize: 24, bar: 500_000);
    }

    private static async Task MeasureAsync(BenchContext context, string name, string counted, int bodySize, double bar)
    {
        await using var server = await BenchChild.StartAsync(UdpServer.Verb);
        var sender = await Sender.ConnectAsync(
            int.Parse(server.Words[0], CultureInfo.InvariantCulture), int.Parse(server.Words[1], CultureInfo.InvariantCulture), Fingerprint.Parse(server.Words[2]), bodySize);
        await using (sender)
        {
            await Task.Delay(s_warmUp);
            var rates = new List<double>();
            var losses = new List<double>();
            for (var round = 0; round < Rounds; round++)
            {
                var (sent, received, allocated) = (sender.DatagramsSent, await server.AskAsync("datagrams"), GC.GetTotalAllocatedBytes());
                var before = await server.AskAsync(counted);
                var start = Stopwatch.GetTimestamp();
                await Task.Delay(context.Budget / Rounds * 2);
                var count = await server.AskAsync(counted) - before;
                rates.Add(count / Stopwatch.GetElapsedTime(start).TotalSeconds);

                // What is on its way at both looks cancels out.
                losses.Add(Math.Max(0, 1 - ((double)(await server.AskAsync("datagrams") - received) / (sender.DatagramsSent - sent))));
            }

            context.Report.Add(new BenchResult
            {
                Bench = name,
                Ours = rates.Order().ElementAt(Rounds / 2),
                Unit = counted + "/s",
                HigherIsBetter = true,
                Bar = bar,
                Note = $"received and opened; {bodySize}-byte bodies; rounds {string.Join(", ", rates.Select(rate => rate.ToString("N0", CultureInfo.InvariantCulture)))}",
            });
            context.Report.Add(new BenchResult
            {
                Bench = name + ".loss",
                Ours = losses.Order().ElementAt(Rounds / 2) * 100,
                Unit = "%",
                HigherIsBetter = false,
                Bar = 1,
                Note = $"datagrams sent that the receiver did not get; rounds {string.Join(", ", losses.Select(loss => loss.ToString("P2", CultureInfo.InvariantCulture)))}",
            });
        }
    }

    /// <summary>Keeps the session's queue full.</summary>
    private sealed class Sender : ISessionObserver, IAsyncDisposable
    {
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _room = new(0);
        private readonly Sample _sample;
        private SessionPump _pump = null!;
        private DatagramSocket _socket = null!;
        private Task _working = Task.CompletedTask;
        private volatile bool _stopping;

        private Sender(int bodySize) => _sample = new Sample { Key = "k", Number = 1, Body = new byte[bodySize] };

        public long DatagramsSent => _pump.Use(0, static (session, _) => session.Statistics.DatagramsSent);

        public static async Task<Sender> ConnectAsync(int port, int datagramPort, Fingerprint fingerprint, int bodySize)
        {
            var clock = new SessionClock(TimeProvider.System);
            var sender = new Sender(bodySize);
            var link = await TcpLink.ConnectAsync("127.0.0.1", port, TimeProvider.System, CancellationToken.None);
            sender._pump = new SessionPump(
                XtmpSession.Connect(new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(fingerprint), EnableDatagrams = true }, SystemEntropy.Instance, clock.Now), link, clock, sender);
            await sender._pump.HandshakeAsync(CancellationToken.None);
            sender._socket = DatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            sender._working = Task.WhenAll(sender._pump.RunAsync(), sender.ReceiveAsync(), Task.Run(sender.SendAsync));
            sender._pump.SendDatagramsBy(sender._socket, PathAddress.From(IPAddress.Loopback, datagramPort));
            await sender._ready.Task.WaitAsync(TimeSpan.FromSeconds(10));
            return sender;
        }

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.DatagramsReady)
            {
                _ready.TrySetResult();
            }
            else if (sessionEvent.Kind is SessionEventKind.DatagramsLost or SessionEventKind.Closed)
            {
                _ready.TrySetException(new InvalidOperationException($"No datagrams: {sessionEvent.Close}"));
            }
        }

        public void OnRoom(XtmpSession session)
        {
            if (_room.CurrentCount == 0)
            {
                _room.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            _stopping = true;
            _room.Release();
            _pump.Abort(XtmpErrorCode.ConnectionClosed, "measured");
            _socket.Dispose();
            await _working;
            await _pump.DisposeAsync();
        }

        private async Task SendAsync()
        {
            await _ready.Task;
            while (!_stopping)
            {
                var isFull = _pump.Use(_sample, static (session, sample) =>
                {
                    for (var count = 0; count < 256 && session.State == SessionState.Established && !session.IsSendQueueFull; count++)
                    {
                        session.SendOneWay(sample, SendOptions.From(Sample.MessageInfo));
                    }

                    return session.IsSendQueueFull;
                });
                if (isFull)
                {
                    await _room.WaitAsync();
                }
            }
        }

        private async Task ReceiveAsync()
        {
            var batch = DatagramBatch.Rent();
            try
            {
                while (true)
                {
                    batch.Clear();
                    await _socket.ReceiveAsync(batch, CancellationToken.None);
                    _pump.HandleDatagrams(batch, 0, batch.Count);
                }
            }
            catch (ObjectDisposedException)
            {
                batch.Return();
            }
        }
    }
}
