using System.Buffers;
using System.Security.Cryptography;
using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;
using Xunit;

namespace Xtmp.TestKit;

/// <summary>What every link has to do, whatever carries its bytes.</summary>
public abstract class LinkConformance
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1, 300)]
    [InlineData(1, 100_000)]
    [InlineData(70_000, 1_000_000)]
    public async Task bytes_come_in_order_however_they_are_written(int chunk, int total)
    {
        var (client, server) = await ConnectAsync();
        await using var closing = client;
        await using var closingToo = server;
        var sent = RandomNumberGenerator.GetBytes(total);
        var receiving = ReadAsync(server, total);
        for (var offset = 0; offset < total; offset += chunk)
        {
            client.Output.Write(sent.AsSpan(offset, Math.Min(chunk, total - offset)));
            if (chunk > 1 || offset % 97 == 0)
            {
                await client.Output.FlushAsync();
            }
        }

        await client.Output.FlushAsync();
        Assert.Equal(sent, await receiving.WaitAsync(Patience));
    }

    [Fact]
    public async Task a_disposed_link_is_the_end_of_the_stream_for_its_peer()
    {
        var (client, server) = await ConnectAsync();
        await using var closing = server;
        client.Output.Write("last words"u8);
        await client.Output.FlushAsync();
        await client.DisposeAsync();
        Assert.Equal("last words"u8.ToArray(), await ReadAsync(server, 10).WaitAsync(Patience));
        Assert.True((await server.Input.ReadAsync().AsTask().WaitAsync(Patience)).IsCompleted);
    }

    [Fact]
    public async Task an_aborted_link_ends_the_reading_of_both_ends()
    {
        var (client, server) = await ConnectAsync();
        await using var closing = client;
        await using var closingToo = server;
        var there = EndAsync(server);
        var here = EndAsync(client);
        client.Abort();
        await there.WaitAsync(Patience);
        await here.WaitAsync(Patience);
    }

    [Fact]
    public async Task a_session_runs_over_it()
    {
        var (client, server) = await ConnectAsync();
        using var identity = IdentityKey.Generate(SystemEntropy.Instance);
        var clock = new SessionClock(TimeProvider.System);
        var served = new Recorder();
        var called = new Recorder();
        await using var server1 = new SessionPump(XtmpSession.Accept(new ServerSessionOptions { Identity = identity }, SystemEntropy.Instance, clock.Now), server, clock, served);
        await using var client1 = new SessionPump(
            XtmpSession.Connect(new ClientSessionOptions { ServerTrust = TrustPolicy.Pinned(identity.Public.Fingerprint) }, SystemEntropy.Instance, clock.Now), client, clock, called);
        var running = Task.WhenAll(server1.RunAsync(), client1.RunAsync());
        await called.Established.WaitAsync(Patience);
        await served.Established.WaitAsync(Patience);
        client1.Use(0, static (session, _) => session.CloseGracefully());
        await running.WaitAsync(Patience);
        Assert.Equal(SessionCloseReason.LocalClose, called.Close!.Reason);
        Assert.Equal(SessionCloseReason.RemoteClose, served.Close!.Reason);
    }

    /// <summary>Two ends of one connection.</summary>
    protected abstract Task<(ILink Client, ILink Server)> ConnectAsync();

    private static async Task<byte[]> ReadAsync(ILink link, int total)
    {
        var received = new ArrayBufferWriter<byte>();
        while (received.WrittenCount < total)
        {
            var read = await link.Input.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                received.Write(segment.Span);
            }

            link.Input.AdvanceTo(read.Buffer.End);
            Assert.False(read.IsCompleted && received.WrittenCount < total, "The stream ended early.");
        }

        return received.WrittenSpan.ToArray();
    }

    private static async Task EndAsync(ILink link)
    {
        try
        {
            while (true)
            {
                var read = await link.Input.ReadAsync();
                link.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // Another way to say that it is over.
        }
    }

    private sealed class Recorder : ISessionObserver
    {
        private readonly TaskCompletionSource _established = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Established => _established.Task;

        public SessionClose? Close { get; private set; }

        public void OnEvent(XtmpSession session, in SessionEvent sessionEvent)
        {
            switch (sessionEvent.Kind)
            {
                case SessionEventKind.Established:
                    _established.TrySetResult();
                    break;
                case SessionEventKind.Closed:
                    Close = sessionEvent.Close;
                    _established.TrySetException(sessionEvent.Close!.ToException());
                    break;
            }
        }
    }
}
