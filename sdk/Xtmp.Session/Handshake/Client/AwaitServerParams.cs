using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>Keys are agreed with somebody: Params follows.</summary>
internal sealed class AwaitServerParams(HandshakeContext context, ClientOffer offer, ServerTerms terms) : HandshakeState
{
    protected override string Expected => "Params";

    public override HandshakeTransition Handle(byte code, ReadOnlySpan<byte> payload)
    {
        if (code != FrameCode.Params)
        {
            return Unexpected(code);
        }

        if (!ServerParams.TryRead(payload, out var parameters))
        {
            return SessionClose.Violation(SessionCloseReason.MalformedPayload, "Params is malformed.");
        }

        if (context.RequireSchemas(parameters.SchemaFingerprint, parameters.Schemas, out var mismatches) is { } mismatch)
        {
            return mismatch;
        }

        context.Transcript.Append(code, payload);
        var hasDatagrams = parameters.AllowsDatagrams && offer.Options.EnableDatagrams;
        var announced = terms with
        {
            ClientAuthentication = parameters.ClientAuthentication,
            Limits = parameters.Limits,
            Schema = parameters.SchemaFingerprint.ToArray(),
            SchemaMismatches = mismatches,
            HasDatagrams = hasDatagrams,
            TakesTraceContext = parameters.TakesTraceContext,
            DatagramEndpoint = hasDatagrams ? parameters.DatagramEndpoint : null,
        };
        return terms.Resumed
            ? new AwaitServerFinished(context, offer, announced, offer.Ticket!.Server, claim: null)
            : new AwaitServerIdentity(context, offer, announced);
    }
}
