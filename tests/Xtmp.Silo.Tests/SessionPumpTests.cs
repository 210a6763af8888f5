using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using Xtmp.Crypto;
using Xtmp.Messages;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo.Tests;

/// <summary>The pump between a session and a link that the test holds.</summary>
public sealed class SessionPumpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly SessionClock _clock = new(TimeProvider.System);

    [Fact]
    public async Task a_peer_that_is_sent_to_without_end_is_still_listened_to()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var link = new HeldLink(PipeScheduler.ThreadPool);
        var observer = new CountingObserver();
        var server = XtmpSession.Accept(new ServerSessionOptions { Identity = identity }, SystemEntropy.Instance, _clock.Now);
        await using var pump = new SessionPump(server, link, _clock, observer);
        var running = pump.RunAsync();
        using var client = await EstablishAsync(link, observer, identity);

        // From here on each write is followed by something more to write.
        link.Flushed = () => pump.Use(0, static (session, _) =>
        {
            if (session.State == SessionState.Established)
            {
                session.SendOneWay(new RegistryQuery { Name = "more" }, default);
            }
        });
        for (var requests = 1; requests <= 5; requests++)
        {
            await AskAsync(link, client);
            await observer.RequestsAsync(requests, Patience);
        }

        pump.Abort(XtmpErrorCode.Cancelled, "enough");
        await running.WaitAsync(Patience);
    }

    // Before: all was read and answered, and what waited for a peer that did not read had no end.
    [Fact]
    public async Task a_peer_that_does_not_read_is_not_read_from_until_there_is_room()
    {
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var link = new HeldLink(PipeScheduler.Inline);
        var observer = new CountingObserver();
        var limits = SessionLimits.Default with { SendQueueHighWater = 10_000 };
        var server = XtmpSession.Accept(new ServerSessionOptions { Identity = identity, Limits = limits }, SystemEntropy.Instance, _clock.Now);
        await using var pump = new SessionPump(server, link, _clock, observer, new PumpOptions { StopsReadingWhenFull = true });
        var running = pump.RunAsync();
        using var client = await EstablishAsync(link, observer, identity);
        var held = link.HoldFlushes();
        pump.Use(0, static (session, _) => session.SendOneWay(new RegistryQuery { Name = "the first, which is being written" }, default));
        await held.WaitAsync(Patience);
        pump.Use(0, static (session, _) =>
        {
            while (!session.IsSendQueueFull)
            {
                session.SendOneWay(new RegistryQuery { Name = "and one that waits" }, default);
            }
        });

        // One read was under way already. What comes is read on this thread, where it is read at all.
        await AskAsync(link, client);
        await AskAsync(link, client);
        await AskAsync(link, client);
        Assert.Equal(1, observer.Seen);
        link.GoOn();
        await observer.RequestsAsync(3, Patience);
        pump.Abort(XtmpErrorCode.Cancelled, "enough");
        await running.WaitAsync(Patience);
    }

    private async Task AskAsync(HeldLink link, XtmpSession client)
    {
        client.SendRequest(new RegistryQuery { Name = "answer me" }, default);
        await link.ToPump.WriteAsync(Transmit(client));
    }

    private async Task<XtmpSession> EstablishAsync(HeldLink link, CountingObserver observer, IdentityKey identity)
    {
        var client = XtmpSession.Connect(
            new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(identity.Public.Fingerprint) }, SystemEntropy.Instance, _clock.Now);
        await link.ToPump.WriteAsync(Transmit(client));
        while (client.State == SessionState.Handshaking)
        {
            client.HandleInput(await link.WrittenAsync(Patience), _clock.Now);
            while (client.PollEvent(out _))
            {
            }
        }

        await link.ToPump.WriteAsync(Transmit(client));
        await observer.EstablishedAsync(Patience);
        return client;
    }

    private byte[] Transmit(XtmpSession session)
    {
        var writer = new ArrayBufferWriter<byte>();
        while (session.PollTransmit(writer, _clock.Now) > 0)
        {
        }

        return writer.WrittenSpan.ToArray();
    }

    private sealed class CountingObserver : ISessionObserver
    {
        private readonly SemaphoreSlim _established = new(0);
        private readonly SemaphoreSlim _request = new(0);
        private int _requests;
        private int _seen;

        /// <summary>Requests that were read.</summary>
        public int Seen => Volatile.Read(ref _seen);

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            if (sessionEvent.Kind == SessionEventKind.Established)
            {
                _established.Release();

                // Something to write at once, so that the writer is at work when the first request comes.
                session.SendOneWay(new RegistryQuery { Name = "welcome" }, default);
            }
            else if (sessionEvent.Kind == SessionEventKind.Request)
            {
                Interlocked.Increment(ref _seen);
                _request.Release();
            }
        }

        public async Task EstablishedAsync(TimeSpan patience) => Assert.True(await _established.WaitAsync(patience));

        public async Task RequestsAsync(int count, TimeSpan patience)
        {
            while (_requests < count)
            {
                Assert.True(await _request.WaitAsync(patience), $"Request {count} was not read.");
                _requests++;
            }
        }
    }

    /// <summary>A link in memory whose writes succeed at once, on the thread that makes them.</summary>
    private sealed class HeldLink(PipeScheduler reader) : ILink
    {
        private readonly Pipe _input = new(new PipeOptions(readerScheduler: reader));
        private readonly Collector _output = new();

        public PipeReader Input => _input.Reader;

        public PipeWriter Output => _output;

        public PipeWriter ToPump => _input.Writer;

        public string PeerAddress => "the test";

        public Action? Flushed
        {
            set => _output.Flushed = value;
        }

        public Task<byte[]> WrittenAsync(TimeSpan patience) => _output.TakeAsync(patience);

        /// <summary>From now on writes do not end. The task ends with the first that is held.</summary>
        public Task HoldFlushes() => _output.HoldFlushes();

        public void GoOn() => _output.GoOn();

        public void Abort() => _input.Writer.Complete(new IOException("The link is gone."));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    // Only the writing thread touches the buffer; what is flushed goes to the test whole.
    private sealed class Collector : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();
        private readonly Channel<byte[]> _writes = Channel.CreateUnbounded<byte[]>();
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<FlushResult> _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile Action? _flushed;
        private volatile bool _holds;

        public Action? Flushed
        {
            set => _flushed = value;
        }

        public Task<byte[]> TakeAsync(TimeSpan patience) => _writes.Reader.ReadAsync().AsTask().WaitAsync(patience);

        public Task HoldFlushes()
        {
            _holds = true;
            return _held.Task;
        }

        public void GoOn()
        {
            _holds = false;
            _goOn.TrySetResult(default);
        }

        public override void Advance(int bytes) => _buffer.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            if (_flushed is { } flushed)
            {
                // Nobody reads these.
                flushed();
            }
            else
            {
                _writes.Writer.TryWrite(_buffer.WrittenSpan.ToArray());
            }

            _buffer.Clear();
            if (_holds)
            {
                _held.TrySetResult();
                return new ValueTask<FlushResult>(_goOn.Task);
            }

            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: false));
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
