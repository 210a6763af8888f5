using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Params is here: the server says who it is.</summary>
internal sealed class AwaitServerIdentity(HandshakeContext context, ClientOffer offer, ServerTerms terms) : HandshakeState
{
    protected override string Expected => "Identity";

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        if (code != FrameCode.Identity)
        {
            return Unexpected(code);
        }

        context.Transcript.Append(code, payload);
        var claim = PeerAuthentication.Authenticate(payload, PeerRole.Server, offer.Options.ServerName, offer.Options.ServerTrust, context.Now, out var refusal);
        return claim is null ? refusal! : new AwaitServerAuth(context, offer, terms, claim);
    }
}
