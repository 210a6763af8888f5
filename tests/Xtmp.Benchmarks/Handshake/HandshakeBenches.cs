using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Xtmp.Client;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>
/// The verb <c>handshake</c>: TCP connect, handshake, and the first encrypted bytes of the server after it, over the
/// loopback with client and server in separate processes; beside it SslStream's TLS 1.3 with ECDSA P-256.
/// </summary>
internal static class HandshakeBenches
{
    private const int WarmUp = 200;
    private const int ConcurrentResumptions = 8;

    public static async Task RunAsync(BenchContext context)
    {
        SessionBenches.Run(context);
        await using var server = await HandshakeServerProcess.StartAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var options = new XtmpClientOptions { ServerFingerprint = server.Fingerprint };
        var mutual = options with { Identity = identity };
        var tlsContext = new TlsClient(server.TlsPort);
        SessionTicket? ticket = null;

        async Task<double> Full() => (await ConnectAsync(server.ServerPort, options)).Microseconds;
        async Task<double> Mutual() => (await ConnectAsync(server.MutualPort, mutual)).Microseconds;
        async Task<double> Resumed()
        {
            ticket ??= (await ConnectAsync(server.ServerPort, options)).Ticket;
            (ticket, var microseconds) = await ConnectAsync(server.ServerPort, options with { Ticket = ticket }, expectResumed: true);
            return microseconds;
        }

        var contenders = new (string Name, double? Bar, Func<Task<double>> Run)[]
        {
            ("handshake.full", 1200, Full),
            ("handshake.mutual", 2000, Mutual),
            ("handshake.resumed", 400, Resumed),
            ("sslstream.full", null, () => tlsContext.ConnectAsync(resume: false)),
            ("sslstream.resumed", null, () => tlsContext.ConnectAsync(resume: true)),
        };
        var samples = await MeasureAsync(contenders.Select(contender => contender.Run).ToArray(), context.Budget);
        for (var index = 0; index < 3; index++)
        {
            var peer = index == 2 ? 4 : 3;
            var peerName = index == 2 ? "SslStream TLS 1.3, resumed" : "SslStream TLS 1.3, ECDSA P-256";
            Report(context, contenders[index].Name, 0.50, samples[index], contenders[index].Bar, peerName, samples[peer]);
            Report(context, contenders[index].Name, 0.99, samples[index], bar: null, peerName, samples[peer]);
        }

        await ReportRateAsync(context, server, options);
    }

    /// <summary>In turns, one after the other, until each has had its time.</summary>
    private static async Task<double[][]> MeasureAsync(Func<Task<double>>[] contenders, TimeSpan budget)
    {
        foreach (var contender in contenders)
        {
            for (var count = 0; count < WarmUp; count++)
            {
                await contender();
            }
        }

        var samples = contenders.Select(_ => new List<double>()).ToArray();
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < budget * contenders.Length || samples[0].Count < 200)
        {
            for (var index = 0; index < contenders.Length; index++)
            {
                samples[index].Add(await contenders[index]());
            }
        }

        return [.. samples.Select(list => list.Order().ToArray())];
    }

    private static async Task ReportRateAsync(BenchContext context, HandshakeServerProcess server, XtmpClientOptions options)
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

    /// <summary>Time from before the TCP connect to the server's first word after the handshake; closing is not in it.</summary>
    private static async Task<(SessionTicket Ticket, double Microseconds)> ConnectAsync(int port, XtmpClientOptions options, bool expectResumed = false)
    {
        var before = Stopwatch.GetTimestamp();
        var client = await XtmpClient.ConnectAsync(new XtmpEndpoint("127.0.0.1", port), options);
        if (expectResumed && !client.Session.Resumed)
        {
            throw new InvalidOperationException("The server did not take the ticket.");
        }

        // The ticket is the server's first encrypted word after the handshake.
        var ticket = await client.WaitForTicketAsync();
        var microseconds = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        await client.DisposeAsync();
        return (ticket, microseconds);
    }

    private static void Report(BenchContext context, string name, double quantile, double[] ours, double? bar, string peer, double[] theirs)
    {
        var label = quantile == 0.5 ? "p50" : "p99";
        var value = At(ours, quantile);
        var against = At(theirs, quantile);

        // The bar is a time of ours, so it stands on a line without a peer; the peer has a line of its own.
        context.Report.Add(new BenchResult { Bench = $"{name}.{label}", Ours = value, Unit = "us", HigherIsBetter = false, Bar = bar });
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

    private static double At(double[] sorted, double quantile) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * quantile))];

    /// <summary>SslStream as a client; with resumption .NET keeps the session tickets by host name itself.</summary>
    private sealed class TlsClient(int port)
    {
        private readonly RemoteCertificateValidationCallback _trust = (_, certificate, _, _) => certificate is not null;

        public async Task<double> ConnectAsync(bool resume)
        {
            var before = Stopwatch.GetTimestamp();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await using var stream = new SslStream(new NetworkStream(socket));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = SslProtocols.Tls13,
                RemoteCertificateValidationCallback = _trust,
                AllowTlsResume = resume,
            });
            await stream.ReadExactlyAsync(new byte[1]);
            var microseconds = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await stream.WriteAsync(new byte[1]);
            return microseconds;
        }
    }
}
