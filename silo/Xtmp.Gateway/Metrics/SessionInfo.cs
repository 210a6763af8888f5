using Xtmp.Crypto;
using Xtmp.Protocol;
using Xtmp.Session;

namespace Xtmp.Gateway;

/// <summary>An open session, as an operator sees it. Holds no secret.</summary>
public sealed record SessionInfo
{
    public required ulong SessionId { get; init; }

    /// <summary>Address and port of the peer.</summary>
    public required string PeerAddress { get; init; }

    public required Fingerprint? Client { get; init; }

    public required AuthenticationLevel Level { get; init; }

    public required CallerRoles Roles { get; init; }

    /// <summary>The handshake rested on a ticket.</summary>
    public required bool Resumed { get; init; }

    public required TimeSpan Age { get; init; }

    public required long Requests { get; init; }

    public required int RunningCalls { get; init; }

    public required int WaitingCalls { get; init; }

    public required int OpenStreams { get; init; }

    /// <summary>Bytes that wait for the peer to take them.</summary>
    public required long HeldBytes { get; init; }

    /// <summary>Smoothed; null until a heartbeat has measured it.</summary>
    public required TimeSpan? RoundTrip { get; init; }

    public required SessionStatistics Statistics { get; init; }
}
