using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>handshake</c>: from before the TCP connect until the client's session is established and may send, and until
/// the server's first encrypted word after it, over the loopback with client and server in separate processes; the same
/// from a connected socket on (<c>.connected</c>); beside them SslStream's TLS 1.3 with ECDSA P-256.
/// </summary>
internal static class HandshakeBenches
{
    private const int WarmUp = 1500;
    private const int ConcurrentResumptions = 8;

    private static readonly double[] s_quantiles = [0.50, 0.99];

    public static async Task RunAsync(BenchContext context)
    {
        SessionBenches.Run(context);
        await using var server = await HandshakeServerProcess.StartAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        using var spares = new KeySharePool(SystemEntropy.Instance);
        var options = new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(server.Fingerprint), ServerName = "127.0.0.1", KeySharePool = spares };
        var mutual = options with { Identity = identity };
        var tlsContext = new TlsClient(server.TlsPort);
        var connected = new ConnectedClient(server.ServerPort, server.Fingerprint, spares);
        SessionTicket? ticket = null;

        // A policy for each connection: a client that knows nothing of the server but the pin.
        ClientSessionOptions Fresh(ClientSessionOptions client) => client with { ServerTrust = TrustPolicy.Pinned(server.Fingerprint) };
        async Task<Sample> Full() => (await ConnectAsync(server.ServerPort, Fresh(options))).Sample;
        async Task<Sample> Mutual() => (await ConnectAsync(server.MutualPort, Fresh(mutual))).Sample;
        async Task<Sample> Resumed()
        {
            ticket ??= (await ConnectAsync(server.ServerPort, Fresh(options))).Ticket;
            (ticket, var sample) = await ConnectAsync(server.ServerPort, Fresh(options) with { Ticket = ticket }, expectResumed: true);
            return sample;
        }

        var contenders = new (string Name, double? Bar, Func<Task<Sample>> Run)[]
        {
            ("handshake.full", 1200, Full),
            ("handshake.mutual", 2000, Mutual),
            ("handshake.resumed", 400, Resumed),
            ("handshake.full.connected", 1200, () => connected.ShakeAsync(resume: false)),
            ("handshake.resumed.connected", 400, () => connected.ShakeAsync(resume: true)),
            ("sslstream.full", null, () => tlsContext.ConnectAsync(resume: false)),
            ("sslstream.resumed", null, () => tlsContext.ConnectAsync(resume: true)),
        };
        var samples = await MeasureAsync(contenders.Select(contender => contender.Run).ToArray(), context.Budget);
        for (var index = 0; index < 5; index++)
        {
            var name = contenders[index].Name;
            var resumed = index is 2 or 4;
            var peer = samples[resumed ? 6 : 5].Select(sample => index < 3 ? sample : sample.FromConnected()).ToArray();
            var peerName = resumed ? "SslStream TLS 1.3, resumed" : "SslStream TLS 1.3, ECDSA P-256";
            foreach (var quantile in s_quantiles)
            {
                Report(context, name, quantile, samples[index], sample => sample.Established, quantile == 0.5 ? contenders[index].Bar : null, peerName, peer);
                Report(context, $"{name}.first_word", quantile, samples[index], sample => sample.FirstWord, bar: null, peerName, peer);
            }
        }

        await ReportRateAsync(context, server, Fresh(options));
        await ReportFloorAsync(context, server);
    }

    /// <summary>In turns, one after the other, until each has had its time.</summary>
    private static async Task<Sample[][]> MeasureAsync(Func<Task<Sample>>[] contenders, TimeSpan budget)
    {
        foreach (var contender in contenders)
        {
            for (var count = 0; count < WarmUp; count++)
            {
                await contender();
            }
        }

        var samples = contenders.Select(_ => new List<Sample>()).ToArray();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < budget * contenders.Length || samples[0].Count < 200)
        {
            for (var index = 0; index < contenders.Length; index++)
            {
                samples[index].Add(await contenders[index]());
            }
        }

        return [.. samples.Select(list => list.ToArray())];
    }

    private static async Task ReportRateAsync(BenchContext context, HandshakeServerProcess server, ClientSessionOptions options)
    {
        var rates = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var done = 0;
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, ConcurrentResumptions).Select(async worker =>
            {
                var (ticket, _) = await ConnectAsync(server.ServerPort, options);
                while (Stopwatch.GetElapsedTime(started) < context.Budget)
                {
                    (ticket, _) = await ConnectAsync(server.ServerPort, options with { Ticket = ticket }, expectResumed: true);
                    Interlocked.Increment(ref done);
                }
            }));
            rates.Add(done / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        rates.Sort();
        context.Report.Add(new BenchResult
        {
            Bench = "handshake.resumed.rate",
            Ours = rates[rates.Count / 2],
            Unit = "1/s",
            HigherIsBetter = true,
            Bar = 5000,
            Note = $"{ConcurrentResumptions} at a time, both processes on {Environment.ProcessorCount} cores",
        });
    }

    /// <summary>
    /// What a connection costs before any protocol: TCP connect, two round trips of a hello's size and an orderly close, as
    /// many at a time, through the same sockets of .NET. The rate of handshakes cannot come near it.
    /// </summary>
    private static async Task ReportFloorAsync(BenchContext context, HandshakeServerProcess server)
    {
        var rates = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            var done = 0;
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, ConcurrentResumptions).Select(_ => Task.Run(async () =>
            {
                var buffer = new byte[HandshakeServer.EchoSize];
                while (Stopwatch.GetElapsedTime(started) < context.Budget)
                {
                    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.EchoPort));
                    for (var trip = 0; trip < 2; trip++)
                    {
                        await socket.SendAsync(buffer);
                        await HandshakeServer.ReceiveAsync(socket, buffer);
                    }

                    socket.Shutdown(SocketShutdown.Send);
                    await HandshakeServer.ReceiveAsync(socket, buffer);
                    Interlocked.Increment(ref done);
                }
            })));
            rates.Add(done / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        rates.Sort();
        context.Report.Add(new BenchResult
        {
            Bench = "handshake.tcp_only.rate",
            Ours = rates[rates.Count / 2],
            Unit = "1/s",
            HigherIsBetter = true,
            Note = $"no session: connect, two round trips of {HandshakeServer.EchoSize} B, close; {ConcurrentResumptions} at a time, both processes on {Environment.ProcessorCount} cores",
        });
    }

    /// <summary>The times of one connection; closing it is not in them.</summary>
    private static async Task<(SessionTicket Ticket, Sample Sample)> ConnectAsync(int port, ClientSessionOptions options, bool expectResumed = false)
    {
        var before = Stopwatch.GetTimestamp();

        // The network connects while the first flight is made, as in a client.
        var connecting = TcpLink.ConnectAsync("127.0.0.1", port, TimeProvider.System, CancellationToken.None);
        var clock = new SessionClock(TimeProvider.System);
        var session = XtmpSession.Connect(options, SystemEntropy.Instance, clock.Now);
        var observer = new TicketObserver();
        await using var pump = new SessionPump(session, await connecting, clock, observer);
        await pump.HandshakeAsync(CancellationToken.None);
        var established = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        if (expectResumed && !session.Established!.Resumed)
        {
            throw new InvalidOperationException("The server did not take the ticket.");
        }

        // The ticket is the server's first encrypted word after the handshake.
        var running = pump.RunAsync();
        var ticket = await observer.Ticket;
        var firstWord = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        pump.Use(DisconnectReason.Normal, static (client, reason) => client.CloseGracefully(reason));
        await running;
        return (ticket, new Sample(established, firstWord));
    }

    private static void Report(
        BenchContext context, string name, double quantile, Sample[] ours, Func<Sample, double> part, double? bar, string peer, Sample[] theirs)
    {
        var label = quantile == 0.5 ? "p50" : "p99";
        var value = At(ours, part, quantile);
        var against = At(theirs, part, quantile);

        // The bar is a time of ours, so it stands on a line without a peer; the peer has a line of its own.
        context.Report.Add(new BenchResult
        {
            Bench = $"{name}.{label}",
            Ours = value,
            Unit = "us",
            HigherIsBetter = false,
            Bar = bar,
            Note = "both ends take X25519 keys made ahead of time",
        });
        context.Report.Add(new BenchResult
        {
            Bench = $"{name}.{label}.tls",
            Ours = value,
            Unit = "us",
            HigherIsBetter = false,
            Peer = peer,
            PeerValue = against,
            Note = "theirs is classical cryptography only",
        });
    }

    private static double At(Sample[] samples, Func<Sample, double> part, double quantile)
    {
        var sorted = samples.Select(part).Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * quantile))];
    }

    /// <summary>Microseconds of one handshake.</summary>
    /// <param name="Established">Until the client may send.</param>
    /// <param name="FirstWord">Until it has heard from the server's application side.</param>
    /// <param name="Connected">How much of both is the TCP connect, where that was told apart.</param>
    private readonly record struct Sample(double Established, double FirstWord, double Connected = 0)
    {
        public Sample FromConnected() => new(Established - Connected, FirstWord - Connected);
    }

    /// <summary>A client from the connected socket on: session and pump without a connection around them.</summary>
    private sealed class ConnectedClient(int port, Fingerprint server, KeySharePool spares)
    {
        private readonly SessionClock _clock = new(TimeProvider.System);
        private SessionTicket? _ticket;

        public async Task<Sample> ShakeAsync(bool resume)
        {
            if (resume && _ticket is null)
            {
                await ShakeAsync(resume: false);
            }

            var link = await TcpLink.ConnectAsync("127.0.0.1", port, TimeProvider.System, CancellationToken.None);
            var before = Stopwatch.GetTimestamp();
            var options = new ClientSessionOptions
            {
                ServerTrust = TrustPolicy.Pinned(server),
                ServerName = "127.0.0.1",
                Ticket = resume ? _ticket : null,
                KeySharePool = spares,
            };
            var session = XtmpSession.Connect(options, SystemEntropy.Instance, _clock.Now);
            var observer = new TicketObserver();
            await using var pump = new SessionPump(session, link, _clock, observer);
            await pump.HandshakeAsync(CancellationToken.None);
            var established = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            var running = pump.RunAsync();
            _ticket = await observer.Ticket;
            var firstWord = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            if (resume != session.Established!.Resumed)
            {
                throw new InvalidOperationException("The server did not take the ticket.");
            }

            pump.Use(DisconnectReason.Normal, static (client, reason) => client.CloseGracefully(reason));
            await running;
            return new Sample(established, firstWord);
        }
    }

    private sealed class TicketObserver : ISessionObserver
    {
        private readonly TaskCompletionSource<SessionTicket> _ticket = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<SessionTicket> Ticket => _ticket.Task;

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.TicketReceived)
            {
                _ticket.TrySetResult(sessionEvent.Ticket!);
            }
            else if (sessionEvent.Kind == SessionEventKind.Closed)
            {
                _ticket.TrySetException(sessionEvent.Close!.ToException());
            }
        }
    }

    /// <summary>SslStream as a client; with resumption .NET keeps the session tickets by host name itself.</summary>
    private sealed class TlsClient(int port)
    {
        private readonly RemoteCertificateValidationCallback _trust = (_, certificate, _, _) => certificate is not null;

        public async Task<Sample> ConnectAsync(bool resume)
        {
            var before = Stopwatch.GetTimestamp();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            var connected = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await using var stream = new SslStream(new NetworkStream(socket));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = SslProtocols.Tls13,
                RemoteCertificateValidationCallback = _trust,
                AllowTlsResume = resume,
            });
            var established = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await stream.ReadExactlyAsync(new byte[1]);
            var firstWord = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await stream.WriteAsync(new byte[1]);
            return new Sample(established, firstWord, connected);
        }
    }
}
