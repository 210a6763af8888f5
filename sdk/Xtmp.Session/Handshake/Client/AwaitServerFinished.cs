using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The server is verified, or its ticket stands for that: its Finished confirms it, and this end answers.</summary>
/// <param name="context">The handshake.</param>
/// <param name="offer">What this end offered.</param>
/// <param name="terms">What the server chose.</param>
/// <param name="server">The server as it proved itself, now or when it gave the ticket.</param>
/// <param name="claim">What the trust policy remembers once all is confirmed; null on resumption.</param>
internal sealed class AwaitServerFinished(HandshakeContext context, ClientOffer offer, ServerTerms terms, VerifiedPeer server, TrustedClaim? claim) : HandshakeState
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

        var identity = terms.Resumed || terms.ClientAuthentication == ClientAuthentication.None ? null : offer.Options.Identity;
        if (!terms.Resumed && terms.ClientAuthentication == ClientAuthentication.Required && identity is null)
        {
            return SessionClose.Violation(SessionCloseReason.AuthenticationMissing, "The server requires an identity, and this client has none.", Fault.Local);
        }

        context.PrepareApplicationKeys(hash, terms.Encryption);
        if (identity is not null)
        {
            context.SendIdentity(identity, fingerprintOnly: false);
        }

        context.SendFinished(hash);
        context.EnterApplicationKeys(hash);
        var established = new EstablishedSession
        {
            SessionId = context.SessionId,
            Suite = CipherSuite.X25519MlKem1024,
            Encryption = terms.Encryption,
            Resumed = terms.Resumed,
            ServerFingerprint = server.Fingerprint,
            ClientFingerprint = terms.Resumed ? offer.Ticket!.ClientFingerprint : identity?.Public.Fingerprint,
            Peer = server,
            PeerMaxMessageBytes = terms.Limits.MaxMessageBytes,
            PeerMaxConcurrentRequests = terms.Limits.MaxConcurrentRequests,
            PeerInitialStreamCredit = terms.Limits.InitialStreamCredit,
            PeerSchemaFingerprint = terms.Schema,
            SchemaMismatches = terms.SchemaMismatches,
            DatagramEndpoint = terms.DatagramEndpoint,
            PeerTakesTraceContext = terms.TakesTraceContext,
            SignedAt = terms.Resumed ? offer.Ticket!.SignedAt : context.Now.Wall,
        };
        offer.Ticket?.Spend();
        if (claim is not null)
        {
            offer.Options.ServerTrust.Accepted(claim.Peer, context.Now);
        }

        return context.Finish(established, terms.Limits, terms.HasDatagrams, terms.RoundTrip, ticket: []);
    }
}
