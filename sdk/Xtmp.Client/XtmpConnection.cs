using Xtmp.Client;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp;

/// <summary>
/// The one long-lived object of a client: it owns the endpoints, the trust, the tickets and the sessions, and replaces a
/// session that is lost. Safe for concurrent use; any number of calls may be under way. What a lost session leaves
/// unanswered is sent again where the schema says that is safe, in the original order and before new calls; of any other
/// call the outcome is unknown, and it fails with that code. Failures are <see cref="XtmpException"/> with a code and who
/// is at fault; after disposal calls throw <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class XtmpConnection : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly XtmpClientOptions _options;
    private readonly EndpointSet _endpoints;
    private readonly SessionOpener _opener;
    private readonly ClientTelemetry _telemetry;
    private readonly List<SessionLane> _lanes = [];
    private readonly Queue<XtmpStateChange> _changes = [];
    private XtmpConnectionState _state;
    private bool _telling;
    private bool _disposed;
    private long _order;

    /// <summary>Connects when the first call is made, or by <see cref="OpenAsync"/>.</summary>
    /// <param name="endpoint">Such as <c>xtmp://silo:7778</c>; several, of one network, separated by commas.</param>
    /// <param name="options">Trust, identity, limits.</param>
    /// <exception cref="XtmpException">Local fault: no endpoint, no trust given, or another option that cannot work.</exception>
    public XtmpConnection(string endpoint, XtmpClientOptions options)
        : this(Parse(endpoint), options)
    {
    }

    /// <inheritdoc cref="XtmpConnection(string,XtmpClientOptions)"/>
    public XtmpConnection(IReadOnlyList<XtmpEndpoint> endpoints, XtmpClientOptions options)
        : this(endpoints, options, dial: null)
    {
    }

    /// <summary>For tests: over links of another kind.</summary>
    internal XtmpConnection(IReadOnlyList<XtmpEndpoint> endpoints, XtmpClientOptions options, Func<XtmpEndpoint, CancellationToken, Task<ILink>>? dial)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(options);
        options.Require();
        if (endpoints.Count == 0)
        {
            throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Local, "No endpoint to connect to.");
        }

        _options = options;
        endpoints = LinkDialer.Complete(endpoints, options.ConnectionType);
        _endpoints = new EndpointSet(endpoints, options);
        _opener = new SessionOpener(options, dial ?? LinkDialer.For(endpoints, options));
        _telemetry = new ClientTelemetry(options.MeterFactory, options.TimeProvider);
        var pool = new SessionLane[options.PoolSize];
        for (var index = 0; index < pool.Length; index++)
        {
            pool[index] = OpenLane(authenticate: null);
        }

        Invoker = pool.Length == 1 ? pool[0] : new SessionPool(pool);
        Wallet = new WalletClient(Invoker);
        Bundle = new BundleClient(Invoker);
        BundleLedger = new BundleLedgerClient(Invoker);
        Registry = new RegistryClient(Invoker);
        Stream = new StreamClient(Invoker);
    }

    /// <summary>Told of every change, one at a time and in order, on the thread that made it: be quick.</summary>
    public event Action<XtmpStateChange>? StateChanged;

    public XtmpConnectionState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>What the handshake of a session there is now settled; null while there is none.</summary>
    public EstablishedSession? Session
    {
        get
        {
            lock (_gate)
            {
                return _lanes.Select(lane => lane.Current).FirstOrDefault(session => session is not null)?.Established;
            }
        }
    }

    /// <summary>Where that session leads; null while there is none.</summary>
    public XtmpEndpoint? Endpoint
    {
        get
        {
            lock (_gate)
            {
                return _lanes.Select(lane => lane.Current).FirstOrDefault(session => session is not null)?.Endpoint.Address;
            }
        }
    }

    /// <summary>Every session there is now, those of wallets too, with its quality.</summary>
    public IReadOnlyList<SessionReport> Sessions
    {
        get
        {
            LiveSession[] sessions;
            lock (_gate)
            {
                sessions = [.. _lanes.Select(lane => lane.Current).OfType<LiveSession>()];
            }

            return [.. sessions.Select(session => session.Report())];
        }
    }

    /// <summary>The network that signatures are made for: the configured one, or that of the server reached; null before there was one.</summary>
    public string? Network => _options.Network ?? (Session is { } session ? NetworkName.Of(session.ServerFingerprint) : null);

    /// <summary>Calls of sessions without a wallet. A wallet's own calls are on <see cref="XtmpWallet"/>.</summary>
    public WalletClient Wallet { get; }

    public BundleClient Bundle { get; }

    public BundleLedgerClient BundleLedger { get; }

    public RegistryClient Registry { get; }

    public StreamClient Stream { get; }

    /// <summary>For generated clients of other schemas: <c>new OrdersClient(connection.Invoker)</c>.</summary>
    public ICallInvoker Invoker { get; }

    /// <summary>Connects to the endpoint in <c>BPCI_XTMP_ENDPOINT</c>, or to xtmp://localhost:7778.</summary>
    /// <inheritdoc cref="ConnectAsync(string,XtmpClientOptions,CancellationToken)"/>
    public static Task<XtmpConnection> ConnectAsync(XtmpClientOptions options, CancellationToken cancellationToken = default) =>
        ConnectAsync(
            Environment.GetEnvironmentVariable(XtmpEndpoint.EnvironmentVariable) is { Length: > 0 } endpoint ? endpoint : XtmpEndpoint.Default.ToString(),
            options,
            cancellationToken);

    /// <summary>A connection with an established session. Tries each endpoint once; never throws before it returns a task.</summary>
    /// <exception cref="XtmpException">
    /// Local fault: an option that cannot work. Network fault: unreachable, or no answer within
    /// <see cref="XtmpClientOptions.ConnectTimeout"/>. Peer fault: <see cref="XtmpErrorCode.UntrustedPeer"/>,
    /// <see cref="XtmpErrorCode.Busy"/> or a broken handshake.
    /// </exception>
    public static async Task<XtmpConnection> ConnectAsync(string endpoint, XtmpClientOptions options, CancellationToken cancellationToken = default)
    {
        var connection = new XtmpConnection(endpoint, options);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens the first session now, trying each endpoint once.</summary>
    /// <inheritdoc cref="ConnectAsync(string,XtmpClientOptions,CancellationToken)"/>
    public async Task OpenAsync(CancellationToken cancellationToken = default) => await _lanes[0].ConnectAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Done when the connection is in this state, or was in between.</summary>
    public async Task WaitForStateAsync(XtmpConnectionState state, CancellationToken cancellationToken = default)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChange(XtmpStateChange change)
        {
            if (change.Current == state)
            {
                reached.TrySetResult();
            }
        }

        StateChanged += OnChange;
        try
        {
            if (State != state)
            {
                await reached.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            StateChanged -= OnChange;
        }
    }

    /// <summary>Closes in order: what is queued goes out, then Disconnect. Calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        SessionLane[] lanes;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            lanes = [.. _lanes];
        }

        await Task.WhenAll(lanes.Select(lane => lane.DisposeAsync().AsTask())).ConfigureAwait(false);
        StateChangedBy(null);
        _opener.Dispose();
        _endpoints.Dispose();
        _telemetry.Dispose();
        OwnedIdentity?.Dispose();
    }

    /// <summary>A session beside the pool, for a wallet.</summary>
    internal SessionLane OpenLane(Func<LiveSession, CancellationToken, Task>? authenticate)
    {
        var lane = new SessionLane(this, _options, _endpoints, _opener, _telemetry, authenticate);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _lanes.Add(lane);
        }

        return lane;
    }

    /// <summary>An identity that goes with the connection.</summary>
    internal IdentityKey? OwnedIdentity { get; init; }

    /// <summary>Why the latest attempt failed, or the latest session ended; null once there is a session again.</summary>
    internal XtmpException? LastFailure { get; private set; }

    internal long NextOrder() => Interlocked.Increment(ref _order);

    internal string NetworkOf(LiveSession session) => _options.Network ?? NetworkName.Of(session.Established.ServerFingerprint);

    /// <summary>A session was established or lost: says so where that changes the state of the whole.</summary>
    internal void StateChangedBy(XtmpException? reason)
    {
        lock (_gate)
        {
            var state = _disposed ? XtmpConnectionState.Closed
                : _lanes.Exists(lane => lane.State == XtmpConnectionState.Connected) ? XtmpConnectionState.Connected
                : _lanes.Max(lane => lane.State);
            LastFailure = state == XtmpConnectionState.Connected ? null : reason ?? LastFailure;
            if (state != _state)
            {
                _changes.Enqueue(new XtmpStateChange(_state, state, reason));
                _state = state;
            }

            if (_telling)
            {
                return;
            }

            _telling = true;
        }

        while (true)
        {
            XtmpStateChange? change;
            lock (_gate)
            {
                if (!_changes.TryDequeue(out change))
                {
                    _telling = false;
                    return;
                }
            }

            StateChanged?.Invoke(change);
        }
    }

    internal static List<XtmpEndpoint> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var endpoints = new List<XtmpEndpoint>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            endpoints.Add(XtmpEndpoint.TryParse(part, out var endpoint, out var error)
                ? endpoint
                : throw new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Local, error));
        }

        return endpoints;
    }
}
