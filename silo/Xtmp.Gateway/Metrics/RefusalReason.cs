namespace Xtmp.Gateway;

/// <summary>Why the gateway refused a connection, a handshake, a request or a one-way message.</summary>
public enum RefusalReason
{
    /// <summary>Too many connections, in all or of one address.</summary>
    Connections,

    /// <summary>Too many handshakes, or too many of clients that prove nothing.</summary>
    Handshakes,

    /// <summary>A message type that nobody knows, or that does not travel that way.</summary>
    UnknownMessage,

    /// <summary>A message that cannot be read or breaks its schema.</summary>
    MalformedMessage,

    /// <summary>The caller has not proved enough.</summary>
    Authentication,

    /// <summary>The caller has not the role.</summary>
    Role,

    /// <summary>The process holds too much for its peers.</summary>
    Memory,

    /// <summary>Too many calls in a time.</summary>
    Rate,

    /// <summary>Too many open streams, or too many one-way messages that wait.</summary>
    Quota,

    /// <summary>The silo is shutting down.</summary>
    Draining,
}
