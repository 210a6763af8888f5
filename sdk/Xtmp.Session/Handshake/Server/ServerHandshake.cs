using Xtmp.Crypto;

namespace Xtmp.Session;

/// <summary>
/// The server's handshake: AwaitClientHello → WriteServerFlight → AwaitClientIdentity → AwaitClientAuth →
/// AwaitClientFinished; a client without identity, or one that resumes, goes to Finished at once (SPEC §2).
/// </summary>
internal static class ServerHandshake
{
    /// <summary>Waits for ClientHello.</summary>
    /// <param name="options">Identity, trust, limits.</param>
    /// <param name="entropy">Source of all random values.</param>
    /// <param name="now">The time.</param>
    /// <param name="output">Takes the frames to send.</param>
    /// <param name="peer">Handed to <see cref="IHandshakeAdmission"/>.</param>
    public static Handshake Start(ServerSessionOptions options, IEntropy entropy, Instant now, PooledOutput output, object? peer)
    {
        if (options.Identity is null)
        {
            throw new ArgumentException("A server needs an identity.", nameof(options));
        }

        var context = new HandshakeContext(PeerRole.Server, options, entropy, now, output);
        return new Handshake(context, new AwaitClientHello(context, options, peer));
    }

    /// <summary>Decides which client identities are accepted.</summary>
    public static ITrustPolicy Trust(ServerSessionOptions options) => options.ClientTrust ?? AnyIdentityTrust.Instance;
}
