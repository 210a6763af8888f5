using Xtmp.Crypto;
using Xtmp.Session;

namespace Xtmp.TestKit;

/// <summary>
/// A client and a server session joined in memory, with virtual time and seeded entropy: the same seed gives the same
/// bytes. A filter may change what travels.
/// </summary>
public sealed class SessionPair : IDisposable
{
    public SessionPair(ClientSessionOptions? client = null, ServerSessionOptions? server = null, ulong seed = 1, VirtualClock? clock = null)
    {
        Clock = clock ?? new VirtualClock();
        Client = new(XtmpSession.Connect(client ?? PairOptions.Client, new SeededEntropy(seed * 2), Clock.Now));
        Server = new(XtmpSession.Accept(server ?? PairOptions.Server, new SeededEntropy((seed * 2) + 1), Clock.Now));
    }

    public VirtualClock Clock { get; }

    public SessionEnd Client { get; }

    public SessionEnd Server { get; }

    /// <summary>Changes bytes on their way to the server; an empty result loses them.</summary>
    public Func<byte[], byte[]>? ToServer { get; set; }

    /// <summary>Changes bytes on their way to the client.</summary>
    public Func<byte[], byte[]>? ToClient { get; set; }

    /// <summary>Bytes are handed over in pieces of this size; 0: whole.</summary>
    public int Chunk { get; set; }

    /// <summary>Moves bytes and events until neither end has anything to say. Returns the bytes moved.</summary>
    public long Run()
    {
        long total = 0;
        for (var round = 0; round < 100_000; round++)
        {
            Client.Drain();
            Server.Drain();
            var fromClient = Client.Transmit(Clock.Now);
            var fromServer = Server.Transmit(Clock.Now);
            if (fromClient.Length + fromServer.Length == 0)
            {
                Client.Drain();
                Server.Drain();
                return total;
            }

            total += fromClient.Length + fromServer.Length;
            Deliver(Server, ToServer?.Invoke(fromClient) ?? fromClient);
            Deliver(Client, ToClient?.Invoke(fromServer) ?? fromServer);
        }

        throw new InvalidOperationException("The pair did not come to rest.");
    }

    /// <summary>Lets time pass, running timers when they are due and moving bytes in between.</summary>
    public void Advance(TimeSpan span)
    {
        var end = Clock.Now.Monotonic + span;
        Run();
        var atOneTime = 0;
        while (Next() is { } next && next <= end)
        {
            atOneTime = next <= Clock.Now.Monotonic ? atOneTime + 1 : 0;
            if (atOneTime > 100)
            {
                throw new InvalidOperationException("A timer stays due after it was handled.");
            }

            Clock.AdvanceTo(next);
            Client.Session.HandleTimeout(Clock.Now);
            Server.Session.HandleTimeout(Clock.Now);
            Run();
        }

        Clock.AdvanceTo(end);
    }

    public void Deliver(SessionEnd to, ReadOnlySpan<byte> bytes)
    {
        var step = Chunk == 0 ? Math.Max(bytes.Length, 1) : Chunk;
        while (!bytes.IsEmpty)
        {
            var take = Math.Min(step, bytes.Length);
            to.Session.HandleInput(bytes[..take], Clock.Now);
            to.Drain();
            bytes = bytes[take..];
        }
    }

    public void Dispose()
    {
        Client.Session.Dispose();
        Server.Session.Dispose();
    }

    private TimeSpan? Next()
    {
        var client = Client.Session.PollTimeout();
        var server = Server.Session.PollTimeout();
        return client is null ? server : server is null ? client : client < server ? client : server;
    }
}
