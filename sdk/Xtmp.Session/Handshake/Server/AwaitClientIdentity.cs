using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>The flight is written: the client says who it is, or goes without.</summary>
internal sealed class AwaitClientIdentity(HandshakeContext context, ServerSessionOptions options, ClientTerms terms, ServerFlight flight) : HandshakeState
{
    protected override string Expected => options.ClientAuthentication switch
    {
        ClientAuthentication.None => "Finished",
        ClientAuthentication.Optional => "Identity or Finished",
        _ => "Identity",
    };

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        switch (code)
        {
            case FrameCode.Identity when options.ClientAuthentication != ClientAuthentication.None:
                context.Transcript.Append(code, payload);
                var claim = PeerAuthentication.Authenticate(payload, PeerRole.Client, expectedName: null, ServerHandshake.Trust(options), context.Now, out var refusal);
                return claim is null ? refusal! : new AwaitClientAuth(context, options, terms, flight, claim);
            case FrameCode.Finished when options.ClientAuthentication == ClientAuthentication.Required:
                return SessionClose.Violation(SessionCloseReason.AuthenticationMissing, "The client did not prove an identity.");
            case FrameCode.Finished:
                return new AwaitClientFinished(context, options, terms, flight, client: null, claim: null).Handle(code, payload);
            default:
                return Unexpected(code);
        }
    }
}
