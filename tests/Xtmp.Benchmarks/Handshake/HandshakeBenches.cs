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
/// The verb <c>handshake</c>: from before the TCP connect until the client's session is established and may send, and until
/// the server's first encrypted word after it, over the loopback with client and server in separate processes; beside it
/// SslStream's TLS 1.3 with ECDSA P-256.
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
        using var spares = new SpareShares(SystemEntropy.Instance);
        var options = new XtmpClientOptions { ServerFingerprint = server.Fingerprint, SpareShares = spares };
        var mutual = options with { Identity = identity };
        var tlsContext = new TlsClient(server.TlsPort);
        SessionTicket? ticket = null;

        async Task<Sample> Full() => (await ConnectAsync(server.ServerPort, options)).Sample;
        async Task<Sample> Mutual() => (await ConnectAsync(server.MutualPort, mutual)).Sample;
        async Task<Sample> Resumed()
        {
            ticket ??= (await ConnectAsync(server.ServerPort, options)).Ticket;
            (ticket, var sample) = await ConnectAsync(server.ServerPort, options with { Ticket = ticket }, expectResumed: true);
            return sample;
        }

        var contenders = new (string Name, double? Bar, Func<Task<Sample>> Run)[]
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
            var name = contenders[index].Name;
            var peer = samples[index == 2 ? 4 : 3];
            var peerName = index == 2 ? "SslStream TLS 1.3, resumed" : "SslStream TLS 1.3, ECDSA P-256";
            foreach (var quantile in s_quantiles)
            {
                Report(context, name, quantile, samples[index], sample => sample.Established, quantile == 0.5 ? contenders[index].Bar : null, peerName, peer);
                Report(context, $"{name}.first_word", quantile, samples[index], sample => sample.FirstWord, bar: null, peerName, peer);
            }
        }

        await ReportRateAsync(context, server, options);
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

    /// <summary>The times of one connection; closing it is not in them.</summary>
    private static async Task<(SessionTicket Ticket, Sample Sample)> ConnectAsync(int port, XtmpClientOptions options, bool expectResumed = false)
    {
        var before = Stopwatch.GetTimestamp();
        var client = await XtmpClient.ConnectAsync(new XtmpEndpoint("127.0.0.1", port), options);
        var established = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        if (expectResumed && !client.Session.Resumed)
        {
            throw new InvalidOperationException("The server did not take the ticket.");
        }

        // The ticket is the server's first encrypted word after the handshake.
        var ticket = await client.WaitForTicketAsync();
        var firstWord = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
        await client.DisposeAsync();
        return (ticket, new Sample(established, firstWord));
    }

    private static void Report(
        BenchContext context, string name, double quantile, Sample[] ours, Func<Sample, double> part, double? bar, string peer, Sample[] theirs)
    {
        var label = quantile == 0.5 ? "p50" : "p99";
        var value = At(ours, part, quantile);
        var against = At(theirs, part, quantile);

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

    private static double At(Sample[] samples, Func<Sample, double> part, double quantile)
    {
        var sorted = samples.Select(part).Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * quantile))];
    }

    /// <summary>Microseconds from before the TCP connect.</summary>
    /// <param name="Established">Until the client may send.</param>
    /// <param name="FirstWord">Until it has heard from the server's application side.</param>
    private readonly record struct Sample(double Established, double FirstWord);

    /// <summary>SslStream as a client; with resumption .NET keeps the session tickets by host name itself.</summary>
    private sealed class TlsClient(int port)
    {
        private readonly RemoteCertificateValidationCallback _trust = (_, certificate, _, _) => certificate is not null;

        public async Task<Sample> ConnectAsync(bool resume)
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
            var established = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await stream.ReadExactlyAsync(new byte[1]);
            var firstWord = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
            await stream.WriteAsync(new byte[1]);
            return new Sample(established, firstWord);
        }
    }
}
