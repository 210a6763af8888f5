namespace Xtmp.Session;

/// <summary>Options of the client end.</summary>
public sealed record ClientSessionOptions : SessionOptions
{
    /// <summary>Decides whether the server's identity is the right one.</summary>
    public required ITrustPolicy ServerTrust { get; init; }

    /// <summary>The name this client asked for; sent in the hello and compared with a certificate's name.</summary>
    public string? ServerName { get; init; }

    /// <summary>A ticket of an earlier session with the same server. It is used once: drop it after handing it in.</summary>
    public SessionTicket? Ticket { get; init; }
}
