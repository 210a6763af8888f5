using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>The client end. Its first flight is ready for <see cref="XtmpSession.PollTransmit"/> right after construction.</summary>
public sealed class ClientSession : XtmpSession
{
    /// <param name="options">Trust, limits, identity.</param>
    /// <param name="entropy">Source of all random values of this session; kept for rekeying.</param>
    /// <param name="now">The time the handshake starts.</param>
    public ClientSession(ClientSessionOptions options, IEntropy entropy, Instant now)
        : base(PeerRole.Client)
    {
    }
}
