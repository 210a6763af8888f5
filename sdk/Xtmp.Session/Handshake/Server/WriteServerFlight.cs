using Xtmp.Protocol;

namespace Xtmp.Session;

/// <summary>ServerHello is on its way: the client agrees on the key while this end derives its own and signs.</summary>
internal sealed class WriteServerFlight(HandshakeContext context, ServerSessionOptions options, ClientTerms terms) : HandshakeState
{
    public override bool HasPendingFlight => true;

    protected override string Expected => "nothing before this end's flight";

    public override HandshakeState WriteFlight()
    {
        context.EnterHandshakeKeys();
        Span<byte> schemas = stackalloc byte[SchemaList.MaxBytes];
        var parameters = new ServerParams
        {
            ClientAuthentication = options.ClientAuthentication,
            Limits = AnnouncedLimits.From(options.Limits),
            SchemaFingerprint = options.SchemaFingerprint.Span,
            DatagramEndpoint = terms.HasDatagrams ? options.DatagramEndpoint : null,
            AllowsDatagrams = terms.HasDatagrams,
            TakesTraceContext = options.TakesTraceContext,
            Schemas = schemas[..SchemaList.Write(schemas, options.Schemas)],
        };
        Span<byte> buffer = stackalloc byte[ServerParams.MaxLength];
        context.Send(FrameCode.Params, buffer[..parameters.Write(buffer)]);
        if (terms.Resumed is null)
        {
            context.SendIdentity(options.Identity!, terms.KnowsIdentity);
        }

        // The application keys are derived when the client's Finished needs them: until then the client waits for this flight.
        var hash = new byte[Transcript.HashSize];
        context.SendFinished(hash);
        var flight = new ServerFlight(hash, context.Now.Monotonic);
        return terms.Resumed is { } resumed
            ? new AwaitClientFinished(context, options, terms, flight, resumed.Client, claim: null)
            : new AwaitClientIdentity(context, options, terms, flight);
    }
}
