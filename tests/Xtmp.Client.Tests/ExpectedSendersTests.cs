using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.TestKit;
using Xtmp.Transport;

namespace Xtmp.Client.Tests;

/// <summary>What is sent while more senders are expected waits for the last of them to begin, and for nothing else.</summary>
public sealed class ExpectedSendersTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly CountingObserver _received = new();
    private readonly CountingObserver _own = new();
    private SessionPump _client = null!;
    private SessionPump _server = null!;

    public async ValueTask InitializeAsync()
    {
        var clock = new SessionClock(TimeProvider.System);
        var (client, server) = MemoryLink.CreatePair();
        _client = new SessionPump(XtmpSession.Connect(PairOptions.Client, SystemEntropy.Instance, clock.Now), client, clock, _own);
        _server = new SessionPump(XtmpSession.Accept(PairOptions.Server, SystemEntropy.Instance, clock.Now), server, clock, _received);
        _ = _server.RunAsync();
        _ = _client.RunAsync();
        await _own.Established.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Abort(XtmpErrorCode.Cancelled, "The test is over.");
        _server.Abort(XtmpErrorCode.Cancelled, "The test is over.");
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task all_leaves_once_the_last_one_has_begun()
    {
        for (var round = 1; round <= 100; round++)
        {
            _client.ExpectSenders(3);
            for (var sender = 0; sender < 3; sender++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    static test =>
                    {
                        test._client.SenderBegins();
                        test.Send(10);
                    },
                    this,
                    preferLocal: true);
            }

            await _received.MessagesAsync(3 * round, Patience);
        }
    }

    [Fact]
    public async Task one_that_has_begun_and_sends_nothing_holds_nobody_up()
    {
        _client.ExpectSenders(2);
        _client.SenderBegins();
        Send(10);
        _client.SenderBegins();
        await _received.MessagesAsync(1, Patience);
    }

    [Fact]
    public async Task a_batch_full_of_bytes_waits_for_no_sender()
    {
        _client.ExpectSenders(1);
        Send(10);
        Send(40_000);
        await _received.MessagesAsync(2, Patience);
    }

    private void Send(int length) =>
        _client.Use(length, static (session, length) => session.SendOneWay(0x40, new OutgoingPayload(new byte[length]), new SendOptions()));

    private sealed class CountingObserver : ISessionObserver
    {
        private readonly TaskCompletionSource _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _messages = new(0);
        private int _seen;

        public Task Established => _established.Task;

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.Established)
            {
                _established.TrySetResult();
            }
            else if (sessionEvent.Kind == SessionEventKind.OneWay)
            {
                _messages.Release();
            }
        }

        public async Task MessagesAsync(int count, TimeSpan patience)
        {
            for (; _seen < count; _seen++)
            {
                Assert.True(await _messages.WaitAsync(patience), $"{_seen} of {count} messages came.");
            }
        }
    }
}
