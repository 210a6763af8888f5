using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The server has named an identity that is trusted: it proves that it holds the keys.</summary>
internal sealed class AwaitServerAuth(HandshakeContext context, ClientOffer offer, ServerTerms terms, TrustedClaim claim) : HandshakeState
{
    protected override string Expected => "Auth";

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        if (code != FrameCode.Auth)
        {
            return Unexpected(code);
        }

        if (PeerAuthentication.Verify(payload, claim, context.Transcript) is not { } server)
        {
            return SessionClose.Violation(SessionCloseReason.HandshakeAuthentication, "The server's signatures are invalid.");
        }

        context.Transcript.Append(code, payload);
        return new AwaitServerFinished(context, offer, terms, server, claim);
    }
}
