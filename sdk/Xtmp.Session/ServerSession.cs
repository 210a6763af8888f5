using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>The server end, made when a connection is accepted.</summary>
public sealed class ServerSession : XtmpSession
{
    /// <param name="options">Identity, trust, limits; shared by all sessions of a listener.</param>
    /// <param name="entropy">Source of all random values of this session.</param>
    /// <param name="now">The time the connection was accepted.</param>
    /// <param name="peer">Handed to <see cref="IHandshakeAdmission"/>: whatever names the peer's address.</param>
    public ServerSession(ServerSessionOptions options, IEntropy entropy, Instant now, object? peer = null)
        : base(PeerRole.Server)
    {
    }
}
