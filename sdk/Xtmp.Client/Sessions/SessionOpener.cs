using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>Opens sessions with an endpoint: a link, trust, a ticket where there is one, and the handshake.</summary>
internal sealed class SessionOpener(XtmpClientOptions options, Func<XtmpEndpoint, CancellationToken, Task<ILink>> dial) : IDisposable
{
    // Sessions of one connection are opened one after the other, but for a pool that comes back.
    private const int SpareKeys = 2;

    // A client may call methods of schemas that it does not announce: of their answers nothing is known.
    private readonly CompressionBounds _compressionBounds = new(
        options.Schemas.Prepend(XtmpCatalogue.Schema).SelectMany(schema => schema.Methods).Select(method => method.Reply).OfType<MessageInfo>(), maxUnknownBytes: int.MaxValue);

    private readonly KeySharePool _shares = new(options.Entropy, SpareKeys);

    /// <summary>The deadlines of the connection's calls.</summary>
    public CallDeadlines Deadlines { get; } = new(options.TimeProvider);

    /// <exception cref="XtmpException">What failed, within <see cref="XtmpClientOptions.ConnectTimeout"/>.</exception>
    public async Task<LiveSession> OpenAsync(EndpointSet.Endpoint endpoint, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var sessionOptions = new ClientSessionOptions
        {
            ServerTrust = endpoint.Trust,
            ServerName = endpoint.Address.Host,
            Identity = options.Identity,
            Certificate = options.Certificate,
            CompressionBounds = _compressionBounds,
            EncryptionTypes = options.EncryptionTypes,
            Limits = options.Limits,
            SchemaFingerprint = XtmpCatalogue.SchemaFingerprint.ToArray(),
            Schemas = options.Schemas,
            RequireSameSchema = options.RequireSameSchemas,
            Ticket = endpoint.Tickets.TryTake(),
            KeySharePool = _shares,
            Padding = options.Padding,
            EnableDatagrams = options.ConnectionType != ConnectionType.TcpReliable,
        };
        var dialing = dial(endpoint.Address, linked.Token);
        try
        {
            return await LiveSession.EstablishAsync(dialing, sessionOptions, endpoint, options, Deadlines, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // A server that takes the connection and is silent is the same fault, whichever of the two timeouts is the shorter.
            var code = dialing.IsCompletedSuccessfully ? XtmpErrorCode.HandshakeTimeout : XtmpErrorCode.ConnectFailed;
            throw new XtmpException(code, Fault.Network, $"No session with {endpoint.Address} within {options.ConnectTimeout.TotalSeconds:0.#} s.", retryable: true);
        }
    }

    public void Dispose()
    {
        _shares.Dispose();
        Deadlines.Dispose();
    }
}
