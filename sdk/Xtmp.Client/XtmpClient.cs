using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Client;

/// <summary>
/// A session with a silo and the typed clients over it. Safe for concurrent use; any number of calls may be under way.
/// Failures are <see cref="XtmpException"/> with a code and who is at fault.
/// </summary>
public sealed class XtmpClient : IAsyncDisposable
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    private readonly SessionCallInvoker _invoker;
    private readonly SessionPump _pump;
    private readonly Task _running;
    private readonly TimeProvider _timeProvider;
    private int _disposed;

    private XtmpClient(XtmpEndpoint endpoint, SessionCallInvoker invoker, SessionPump pump, Task running, EstablishedSession session, XtmpClientOptions options)
    {
        Endpoint = endpoint;
        _invoker = invoker;
        _pump = pump;
        _running = running;
        Session = session;
        Network = options.Network ?? NetworkName.Of(session.ServerFingerprint);
        _timeProvider = options.TimeProvider;
        Wallet = new WalletClient(invoker);
        Bundle = new BundleClient(invoker);
        BundleLedger = new BundleLedgerClient(invoker);
        Registry = new RegistryClient(invoker);
        Stream = new StreamClient(invoker);
    }

    public XtmpEndpoint Endpoint { get; }

    /// <summary>What the handshake settled: suite, fingerprints, session id.</summary>
    public EstablishedSession Session { get; }

    /// <summary>The network that this client's signatures are made for.</summary>
    public string Network { get; }

    /// <summary>Completes when the session is over, with the reason.</summary>
    public Task<SessionClose> Closed => _invoker.Closed;

    public WalletClient Wallet { get; }

    public BundleClient Bundle { get; }

    public BundleLedgerClient BundleLedger { get; }

    public RegistryClient Registry { get; }

    public StreamClient Stream { get; }

    /// <summary>For generated clients of other schemas: <c>new OrdersClient(client.Invoker)</c>.</summary>
    public ICallInvoker Invoker => _invoker;

    /// <summary>Connects to the endpoint in <c>BPCI_XTMP_ENDPOINT</c>, or to xtmp://localhost:7778.</summary>
    /// <inheritdoc cref="ConnectAsync(XtmpEndpoint,XtmpClientOptions,CancellationToken)"/>
    public static Task<XtmpClient> ConnectAsync(XtmpClientOptions options, CancellationToken cancellationToken = default) =>
        Environment.GetEnvironmentVariable(XtmpEndpoint.EnvironmentVariable) is { Length: > 0 } endpoint
            ? ConnectAsync(endpoint, options, cancellationToken)
            : ConnectAsync(XtmpEndpoint.Default, options, cancellationToken);

    /// <inheritdoc cref="ConnectAsync(XtmpEndpoint,XtmpClientOptions,CancellationToken)"/>
    public static Task<XtmpClient> ConnectAsync(string endpoint, XtmpClientOptions options, CancellationToken cancellationToken = default) =>
        XtmpEndpoint.TryParse(endpoint, out var parsed, out var error)
            ? ConnectAsync(parsed, options, cancellationToken)
            : throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Local, error);

    /// <summary>Connects, verifies the server and returns a client that is ready for calls.</summary>
    /// <exception cref="XtmpException">
    /// Local fault: no trust given. Network fault: unreachable, or no answer within <see cref="XtmpClientOptions.ConnectTimeout"/>.
    /// Peer fault: <see cref="XtmpErrorCode.UntrustedPeer"/>, <see cref="XtmpErrorCode.Busy"/> or a broken handshake.
    /// </exception>
    public static async Task<XtmpClient> ConnectAsync(XtmpEndpoint endpoint, XtmpClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(options);
        var sessionOptions = ToSessionOptions(endpoint, options);
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await ConnectAsync(endpoint, options, sessionOptions, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Network, $"No session with {endpoint} within {options.ConnectTimeout.TotalSeconds:0.#} s.", retryable: true);
        }
    }

    /// <summary>The latest resumption ticket of this session, once; null when there is none.</summary>
    public SessionTicket? TakeTicket() => _invoker.TakeTicket();

    /// <summary>The resumption ticket of this session, once the server has sent it; then <see cref="TakeTicket"/> has none.</summary>
    /// <exception cref="XtmpException">The session ended before a ticket came.</exception>
    public async Task<SessionTicket> WaitForTicketAsync(CancellationToken cancellationToken = default)
    {
        await _invoker.TicketArrived.WaitAsync(cancellationToken).ConfigureAwait(false);
        return TakeTicket() ?? throw new XtmpException(XtmpErrorCode.NotFound, Fault.Local, "The ticket was taken already.");
    }

    /// <summary>Keying material bound to this session (see <see cref="XtmpSession.Export"/>).</summary>
    public byte[] Export(string label, ReadOnlyMemory<byte> context, int length) =>
        _pump.Use((label, context, length), static (session, request) =>
        {
            var output = new byte[request.length];
            session.Export(request.label, request.context.Span, output);
            return output;
        });

    /// <summary>Closes in order: what is queued goes out, then Disconnect. Calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _pump.Use(DisconnectReason.Normal, static (session, reason) =>
        {
            if (session.State == SessionState.Established)
            {
                session.CloseGracefully(reason);
            }
        });
        try
        {
            await _running.WaitAsync(CloseTimeout, _timeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _pump.Abort(XtmpErrorCode.ConnectionClosed, "The server did not take the last bytes in time.");
            await _running.ConfigureAwait(false);
        }

        await _pump.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<XtmpClient> ConnectAsync(XtmpEndpoint endpoint, XtmpClientOptions options, ClientSessionOptions sessionOptions, CancellationToken cancellationToken)
    {
        // The network connects while the first flight is made.
        var connecting = TcpLink.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
        var clock = new SessionClock(options.TimeProvider);
        var invoker = new SessionCallInvoker(options);
        ClientSession? session = null;
        TcpLink link;
        try
        {
            session = new ClientSession(sessionOptions, SystemEntropy.Instance, clock.Now);
            link = await connecting.ConfigureAwait(false);
        }
        catch
        {
            session?.Dispose();

            // Not waited for: what went wrong here is no reason to wait for the network.
            _ = DropAsync(connecting);
            throw;
        }

        var pump = new SessionPump(session, link, clock, invoker);
        invoker.Attach(pump);
        Task? running = null;
        try
        {
            await pump.HandshakeAsync(cancellationToken).ConfigureAwait(false);
            running = pump.RunAsync();
            return new XtmpClient(endpoint, invoker, pump, running, await invoker.Established.ConfigureAwait(false), options);
        }
        catch
        {
            pump.Abort(XtmpErrorCode.Cancelled, "The connection attempt was given up.");
            await (running ?? pump.RunAsync()).ConfigureAwait(false);
            await pump.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // A connection that nobody will use: it may still be made, or have failed by itself.
    private static async Task DropAsync(Task<TcpLink> connecting)
    {
        try
        {
            var link = await connecting.ConfigureAwait(false);
            await link.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is XtmpException or OperationCanceledException)
        {
            // Already told, or of no interest any more.
        }
    }

    private static ClientSessionOptions ToSessionOptions(XtmpEndpoint endpoint, XtmpClientOptions options)
    {
        var trust = options.ServerTrust
            ?? (options.ServerFingerprint is { } pinned ? PinnedServers.Policy(pinned, options.NextServerFingerprint)
            : options.KnownHostsPath is { } path ? TrustPolicy.FirstUse(KnownHostsFile.Open(path), $"{endpoint.Host}:{endpoint.Port}")
            : throw new XtmpException(
                XtmpErrorCode.UntrustedPeer,
                Fault.Local,
                $"Nothing says which server to trust at {endpoint}. Set {nameof(XtmpClientOptions.ServerFingerprint)} to the fingerprint the silo prints at start, or {nameof(XtmpClientOptions.KnownHostsPath)} to trust on first use."));
        return new ClientSessionOptions
        {
            ServerTrust = trust,
            ServerName = endpoint.Host,
            Identity = options.Identity,
            EncryptionTypes = options.EncryptionTypes,
            Limits = options.Limits,
            SchemaFingerprint = XtmpCatalogue.SchemaFingerprint.ToArray(),
            Ticket = options.Ticket,
            SpareShares = options.SpareShares,
        };
    }
}
