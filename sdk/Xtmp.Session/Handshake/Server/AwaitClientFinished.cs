using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>All that is missing is the client's Finished.</summary>
/// <param name="context">The handshake.</param>
/// <param name="options">The server's options.</param>
/// <param name="terms">What was chosen of the hello.</param>
/// <param name="flight">This end's flight.</param>
/// <param name="client">The client as it proved itself, now or when it got its ticket; null for one without identity.</param>
/// <param name="claim">What the trust policy remembers once all is confirmed; null where the client has not proved itself now.</param>
internal sealed class AwaitClientFinished(
    HandshakeContext context, ServerSessionOptions options, ClientTerms terms, ServerFlight flight, VerifiedPeer? client, TrustedClaim? claim) : HandshakeState
{
    protected override string Expected => "Finished";

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        if (code != FrameCode.Finished)
        {
            return Unexpected(code);
        }

        Span<byte> hash = stackalloc byte[Transcript.HashSize];
        if (context.ReceiveFinished(payload, hash) is { } invalid)
        {
            return invalid;
        }

        context.PrepareApplicationKeys(flight.FinishedHash, terms.Encryption);
        var secrets = context.EnterApplicationKeys(hash);
        var established = new EstablishedSession
        {
            SessionId = context.SessionId,
            Suite = CipherSuite.X25519MlKem1024,
            Encryption = terms.Encryption,
            Resumed = terms.Resumed is not null,
            ServerFingerprint = options.Identity!.Public.Fingerprint,
            ClientFingerprint = client?.Fingerprint,
            Peer = client,
            PeerMaxMessageBytes = terms.Limits.MaxMessageBytes,
            PeerMaxConcurrentRequests = terms.Limits.MaxConcurrentRequests,
            PeerInitialStreamCredit = terms.Limits.InitialStreamCredit,
            PeerSchemaFingerprint = terms.Schema,
            SchemaMismatches = terms.SchemaMismatches,
            DatagramEndpoint = terms.HasDatagrams ? options.DatagramEndpoint : null,
            SignedAt = terms.Resumed?.SignedAt ?? context.Now.Wall,
        };
        if (claim is not null)
        {
            ServerHandshake.Trust(options).Accepted(claim.Peer, context.Now);
        }

        var ticket = TicketExchange.Issue(options, established, terms.ServerName, secrets, context.Entropy, context.Now);
        return context.Finish(established, terms.Limits, terms.HasDatagrams, context.Now.Monotonic - flight.SentAt, ticket);
    }
}
