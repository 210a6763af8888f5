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
        var link = new HeldLink();
        var observer = new CountingObserver();
        var server = XtmpSession.Accept(new ServerSessionOptions { Identity = identity }, SystemEntropy.Instance, _clock.Now);
        await using var pump = new SessionPump(server, link, _clock, observer);
        var running = pump.RunAsync();
        using var client = XtmpSession.Connect(
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
            client.SendRequest(new RegistryQuery { Name = "answer me" }, default);
            await link.ToPump.WriteAsync(Transmit(client));
            await observer.RequestsAsync(requests, Patience);
        }

        pump.Abort(XtmpErrorCode.Cancelled, "enough");
        await running.WaitAsync(Patience);
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
    private sealed class HeldLink : ILink
    {
        private readonly Pipe _input = new();
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

        public void Abort() => _input.Writer.Complete(new IOException("The link is gone."));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    // Only the writing thread touches the buffer; what is flushed goes to the test whole.
    private sealed class Collector : PipeWriter
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();
        private readonly Channel<byte[]> _writes = Channel.CreateUnbounded<byte[]>();
        private volatile Action? _flushed;

        public Action? Flushed
        {
            set => _flushed = value;
        }

        public Task<byte[]> TakeAsync(TimeSpan patience) => _writes.Reader.ReadAsync().AsTask().WaitAsync(patience);

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
