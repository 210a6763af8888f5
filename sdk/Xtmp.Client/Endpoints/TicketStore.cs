using Xtmp.Session;

namespace Xtmp.Client;

/// <summary>Resumption tickets of one endpoint, the newest first, each given out once. Safe for concurrent use.</summary>
internal sealed class TicketStore : IDisposable
{
    // Every session brings one; more than this many sessions do not come back at the same moment.
    private const int Capacity = 16;

    private readonly LinkedList<SessionTicket> _tickets = [];
    private bool _disposed;

    public SessionTicket? TryTake()
    {
        lock (_tickets)
        {
            var ticket = _tickets.First?.Value;
            if (ticket is not null)
            {
                _tickets.RemoveFirst();
            }

            return ticket;
        }
    }

    public void Add(SessionTicket ticket)
    {
        lock (_tickets)
        {
            if (_disposed)
            {
                ticket.Dispose();
                return;
            }

            _tickets.AddFirst(ticket);
            if (_tickets.Count > Capacity)
            {
                _tickets.Last!.Value.Dispose();
                _tickets.RemoveLast();
            }
        }
    }

    public void Dispose()
    {
        lock (_tickets)
        {
            _disposed = true;
            foreach (var ticket in _tickets)
            {
                ticket.Dispose();
            }

            _tickets.Clear();
        }
    }
}
