using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Benchmarks;

/// <summary>A client and a server session in one process, joined by a buffer: no socket, no thread, no pump.</summary>
internal sealed class InProcessPair : IDisposable
{
    private static readonly Instant s_now = new(TimeSpan.FromHours(1), new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ReusedBuffer _buffer;

    public InProcessPair(ClientSessionOptions client, ServerSessionOptions server, ReusedBuffer buffer)
    {
        _buffer = buffer;
        Server = XtmpSession.Accept(server, SystemEntropy.Instance, s_now);
        Client = XtmpSession.Connect(client, SystemEntropy.Instance, s_now);
    }

    public XtmpSession Client { get; }

    public XtmpSession Server { get; }

    /// <summary>The last ticket the client was given.</summary>
    public SessionTicket? Ticket { get; private set; }

    /// <summary>The handshake, until the client has its ticket.</summary>
    public void Establish()
    {
        while (Move(Client, Server) + Move(Server, Client) > 0)
        {
        }

        if (Server.State != SessionState.Established || Client.State != SessionState.Established)
        {
            throw new InvalidOperationException($"No session: {Client.Close} {Server.Close}");
        }
    }

    /// <summary>What one end has to say is sealed, opened and reported. Returns the events at the other end.</summary>
    public int Move(XtmpSession from, XtmpSession to)
    {
        _buffer.Clear();
        var bytes = 0;
        int written;
        while ((written = from.PollTransmit(_buffer, s_now)) > 0)
        {
            bytes += written;
        }

        to.HandleInput(_buffer.Written, s_now);
        var events = 0;
        while (to.PollEvent(out var sessionEvent))
        {
            events++;
            if (sessionEvent.Kind == SessionEventKind.TicketReceived)
            {
                Ticket = sessionEvent.Ticket;
            }
        }

        return bytes + events;
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
