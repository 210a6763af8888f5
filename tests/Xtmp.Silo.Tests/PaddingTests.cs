using System.Threading.Channels;
using Xtmp.Messages;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>What an operator hides of the sizes of answers, as it is on the wire.</summary>
public sealed class PaddingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(0, false)]
    [InlineData(256, true)]
    public async Task answers_of_different_sizes_look_alike_where_the_operator_pads(int bucket, bool areAlike)
    {
        await using var silo = await TestSilo.StartAsync(options => options with { Gateway = options.Gateway with { Padding = new PaddingPolicy(bucket) } });
        var clock = new SessionClock(TimeProvider.System);
        var link = await TcpLink.ConnectAsync("127.0.0.1", silo.Host.EndPoint.Port, TimeProvider.System, CancellationToken.None);
        var answers = new Answers();
        var session = XtmpSession.Connect(new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(silo.Host.Fingerprint) }, SystemEntropy.Instance, clock.Now);
        await using var pump = new SessionPump(session, link, clock, answers);
        var running = pump.RunAsync();

        // What comes with the first answer, such as a ticket, is not measured.
        await AskAsync(pump, answers, "first");
        var first = await AskAsync(pump, answers, "a");
        var second = await AskAsync(pump, answers, new string('a', 60));
        Assert.Equal(areAlike, await AskAsync(pump, answers, "b") - second == second - first);
        pump.Abort(XtmpErrorCode.ConnectionClosed, "measured");
        await running.WaitAsync(Patience);
    }

    /// <summary>Bytes that have come by the time of the answer.</summary>
    private static async Task<long> AskAsync(SessionPump pump, Answers answers, string name)
    {
        pump.Use(name, static (session, asked) => session.SendRequest(new RegistryQuery { Name = asked }, default));
        return await answers.NextAsync();
    }

    private sealed class Answers : ISessionObserver
    {
        private readonly Channel<long> _received = Channel.CreateUnbounded<long>();

        public async Task<long> NextAsync() => await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.Response)
            {
                _received.Writer.TryWrite(session.Statistics.BytesReceived);
            }
        }
    }
}
