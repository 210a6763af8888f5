using System.Diagnostics;
using System.Globalization;
using Xtmp.Crypto;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>The verb <c>sessions</c>: what an idle session costs a silo, by the growth of its working set.</summary>
internal static class SessionsBenches
{
    private const int Sessions = 10_000;
    private const int AtOnce = 8;
    private const double Bar = 16 * 1024;

    public static async Task RunAsync(BenchContext context)
    {
        await using var server = await BenchChild.StartAsync(IdleServer.Verb);
        var port = int.Parse(server.Words[0], CultureInfo.InvariantCulture);
        var trust = TrustPolicy.Pinned(Fingerprint.Parse(server.Words[1]));
        using var shares = new KeySharePool(SystemEntropy.Instance, 64);

        // What the first sessions cost besides themselves, code compiled for them above all, is not theirs.
        var kept = await OpenAsync(500, port, trust, shares);
        var before = await server.AskAsync();
        var start = Stopwatch.GetTimestamp();
        kept.AddRange(await OpenAsync(Sessions, port, trust, shares));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var after = await server.AskAsync();
        context.Report.Add(new BenchResult
        {
            Bench = "sessions.idle",
            Ours = (double)(after - before) / Sessions,
            Unit = "B/session",
            HigherIsBetter = false,
            Bar = Bar,
            Note = $"{Sessions} sessions without an identity, working set {before:N0} before and {after:N0} after; opened in {elapsed.TotalSeconds:0.0} s",
        });
        foreach (var pump in kept)
        {
            pump.Abort(XtmpErrorCode.ConnectionClosed, "measured");
        }
    }

    private static async Task<List<SessionPump>> OpenAsync(int count, int port, ITrustPolicy trust, KeySharePool shares)
    {
        var chains = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(chain => Task.Run(async () =>
        {
            // Each session resumes by the ticket of the one before it.
            var clock = new SessionClock(TimeProvider.System);
            var opened = new List<SessionPump>();
            SessionTicket? ticket = null;
            for (var index = chain; index < count; index += AtOnce)
            {
                var holder = new TicketHolder();
                var link = await TcpLink.ConnectAsync("127.0.0.1", port, TimeProvider.System, CancellationToken.None);
                var pump = new SessionPump(
                    XtmpSession.Connect(new ClientSessionOptions { ServerTrust = trust, Ticket = ticket, KeySharePool = shares }, SystemEntropy.Instance, clock.Now), link, clock, holder);
                await pump.HandshakeAsync(CancellationToken.None);
                _ = pump.RunAsync();
                ticket = await holder.Ticket.WaitAsync(TimeSpan.FromSeconds(30));
                opened.Add(pump);
            }

            return opened;
        })));
        return [.. chains.SelectMany(chain => chain)];
    }

    private sealed class TicketHolder : ISessionObserver
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
}
