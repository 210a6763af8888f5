namespace Xtmp.Session;

/// <summary>What a client's hello offered: fresh shares, and a ticket where it has one that may be used.</summary>
internal sealed class ClientOffer(ClientSessionOptions options, ClientShares shares, SessionTicket? ticket, TimeSpan sentAt) : IDisposable
{
    public ClientSessionOptions Options => options;

    public ClientShares Shares => shares;

    public SessionTicket? Ticket => ticket;

    public TimeSpan SentAt => sentAt;

    /// <summary>Erases the shares, and gives back a ticket that was not spent.</summary>
    public void Dispose()
    {
        shares.Dispose();
        ticket?.Release();
    }
}
