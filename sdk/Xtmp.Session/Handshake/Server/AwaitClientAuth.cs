using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The client has named an identity that is accepted: it proves that it holds the keys.</summary>
internal sealed class AwaitClientAuth(HandshakeContext context, ServerSessionOptions options, ClientTerms terms, ServerFlight flight, TrustedClaim claim) : HandshakeState
{
    protected override string Expected => "Auth";

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        if (code != FrameCode.Auth)
        {
            return Unexpected(code);
        }

        if (PeerAuthentication.Verify(payload, claim, context.Transcript) is not { } client)
        {
            return SessionClose.Violation(SessionCloseReason.HandshakeAuthentication, "The client's signatures are invalid.");
        }

        context.Transcript.Append(code, payload);
        return new AwaitClientFinished(context, options, terms, flight, client, claim);
    }
}
