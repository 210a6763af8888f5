using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>
/// The silo of a host: engine, store, grains, gateway and admin port, started and drained with it. Added by
/// <see cref="XtmpSiloExtensions.AddXtmpSilo"/>; ask the host's services for it to call the silo's grains.
/// </summary>
public sealed partial class XtmpSilo : IHostedService, IAsyncDisposable
{
    private const int CompressFromBytes = 1024;

    private readonly SiloOptions _options;
    private readonly ObservingLoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly SiloHandlers[] _handlers;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly Lazy<Task> _stop;
    private readonly MethodTable _methods;
    private readonly HandshakeAdmission _admission;
    private volatile HashSet<Fingerprint> _allowed = [];
    private volatile HashSet<ulong> _withdrawn = [];
    private volatile HashSet<Fingerprint> _withdrawnSilos = [];
    private SiloKeys? _keys;
    private SiloEngine? _engine;
    private GatewayServices? _gateway;
    private DatagramGateway? _datagrams;
    private SocketGateway? _sockets;
    private WebSocketListener? _webSockets;
    private AdminPort? _admin;
    private Dashboard? _dashboard;
    private AuditLog? _audit;
    private OtlpExport? _export;

    /// <param name="options">How the silo is put together; checked at the start.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="handlers">Message types and handlers beside the built-in ones.</param>
    /// <param name="lifetime">The host's, which is stopped when the silo cannot go on.</param>
    public XtmpSilo(IOptions<SiloOptions> options, ILoggerFactory loggers, IEnumerable<SiloHandlers> handlers, IHostApplicationLifetime lifetime)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        ArgumentNullException.ThrowIfNull(lifetime);
        _lifetime = lifetime;
        _stop = new Lazy<Task>(StopOnceAsync);
        _options = options.Value;
        _loggers = new ObservingLoggerFactory(loggers);
        _logger = _loggers.CreateLogger("Xtmp.Silo");
        _handlers = [.. handlers];
        _methods = new MethodTable([XtmpCatalogue.Schema, BitChat.Messages.BitchatCatalogue.Schema, .. _handlers.Select(own => own.Schema)]);
        _admission = new HandshakeAdmission(_options.Gateway);
    }

    /// <summary>Where the socket gateway listens.</summary>
    /// <exception cref="InvalidOperationException">The silo has not started.</exception>
    public IPEndPoint EndPoint => Started(_sockets).EndPoint;

    /// <summary>Where datagrams are received; null where there are none.</summary>
    public IPEndPoint? DatagramEndPoint => _datagrams?.EndPoint;

    /// <summary>Where the WebSocket gateway listens; null where <see cref="SiloOptions.WebSocket"/> was.</summary>
    public IPEndPoint? WebSocketEndPoint => _webSockets?.EndPoint;

    /// <summary>Where health and metrics are; null where <see cref="SiloOptions.Admin"/> was.</summary>
    public IPEndPoint? AdminEndPoint => _admin?.EndPoint;

    /// <summary>What clients pin.</summary>
    /// <exception cref="InvalidOperationException">The silo has not started.</exception>
    public Fingerprint Fingerprint => Started(_keys).Identity.Public.Fingerprint;

    /// <summary>The network whose signatures count here.</summary>
    /// <exception cref="InvalidOperationException">The silo has not started.</exception>
    public string Network => Started(_engine).Network;

    /// <summary>Calls into the silo's own grains, without a session.</summary>
    /// <exception cref="InvalidOperationException">The silo has not started.</exception>
    public ICallInvoker Invoker => Started(_engine).Invoker;

    /// <summary>
    /// Why the silo ended by itself: the other silos of its cluster declared it dead, for one. It has then asked its host to stop.
    /// Null while it runs, and after a stop that was asked for.
    /// </summary>
    public XtmpException? Failure { get; private set; }

    /// <summary>The host's loggers, with the audit log and the dashboard listening.</summary>
    internal ILoggerFactory Loggers => _loggers;

    internal GatewayServices Gateway => Started(_gateway);

    internal TicketKeyRing Tickets => Started(_keys).Tickets;

    /// <summary>When the certificate ends by which the other silos know this one; null where it has none.</summary>
    internal DateTimeOffset? CertificateEnd => _keys?.Cluster?.Credentials.ServerCertificate.NotAfter;

    /// <summary>In a cluster: the rates of callers over all silos.</summary>
    internal RateSharing? RateSharing { get; private set; }

    /// <summary>Opens the store, starts the engine and listens.</summary>
    /// <exception cref="XtmpException">Local fault: an option, the data directory, the identity, the database or a port cannot be used; the message says which.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        SiloOptionsValidator.ThrowIfInvalid(_options);
        TakePeers(_options);
        PrepareDirectory(_options.DataDirectory, hasDatabase: _options.Cluster is null);
        if (_options.AuditLog.Length > 0)
        {
            _audit = AuditLog.Open(Path.Combine(_options.DataDirectory, _options.AuditLog), _options.TimeProvider, reason => LogAuditFailed(_logger, reason));
            _loggers.Listen(_audit.Add);
        }

        var events = new EventRing(_options.TimeProvider);
        var bundles = new BundleCounter();
        if (_options.Admin is not null)
        {
            _loggers.Listen(events.Add);
        }

        try
        {
            _keys = SiloKeys.Load(_options);
            _engine = await SiloEngine.StartAsync(_options, _keys, silo => _withdrawnSilos.Contains(silo), _handlers, _loggers, cancellationToken).ConfigureAwait(false);
            _ = EndWithAsync(_engine.Grains);
            _engine.Grains.ObservePublications(bundles.Observe);
            _loggers.Listen(new EventPublisher(_engine.Topics, _options.TimeProvider).Add);
            var endPoint = new IPEndPoint(_options.Bind, _options.Port);
            _datagrams = _options.Datagrams ? Listen(endPoint, "datagrams", DatagramGateway.Start) : null;
            _gateway = new GatewayServices
            {
                Datagrams = _datagrams,
                Methods = _methods,
                Invoker = _engine.Invoker,
                SessionOptions = ToSessionOptions(_options, _keys),
                Clock = new SessionClock(_options.TimeProvider),
                Logger = _loggers.CreateLogger("Xtmp.Gateway"),
                Options = _options.Gateway with { Roles = RolesOf(_options) },
            };

            // Its meters are there before the first connection is.
            _ = _gateway.Metrics;
            _sockets = Listen(endPoint, "port", address => SocketGateway.Start(_gateway, address, _options.DrainTimeout));
            if (_options.WebSocket is { } webSocket)
            {
                _webSockets = await WebSocketListener.StartAsync(webSocket, _options, new WebSocketGateway(_gateway), _loggers, cancellationToken).ConfigureAwait(false);
            }

            RateSharing = _options.Cluster is null ? null : new RateSharing(_gateway, _engine.Topics, _options.TimeProvider);
            if (_options.Admin is { } admin)
            {
                _dashboard = new Dashboard(new DashboardSources
                {
                    Gateway = _gateway,
                    Grains = _engine.Grains,
                    Runtime = _options.Runtime,
                    Events = events,
                    Bundles = bundles,
                    Time = _options.TimeProvider,
                    Keys = DescribeKeys,
                    Unready = WhyUnreadyAsync,
                    Network = Network,
                    Fingerprint = Fingerprint.ToString(),
                    EndPoint = EndPoint.ToString(),
                    HasOrleansDashboard = _options.OrleansDashboard,
                });
                _admin = await AdminPort.StartAsync(admin, WhyUnreadyAsync, _gateway.FindSessions, _loggers, _dashboard, _options.OrleansDashboard ? _engine.Grains.Services : null, cancellationToken).ConfigureAwait(false);
            }

            _export = _options.Telemetry.Endpoint is null ? null : new OtlpExport(_options.Telemetry, Fingerprint.ToString());
            LogServing(_logger, EndPoint.ToString(), Fingerprint.ToString(), Network);
        }
        catch
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Drains: stops accepting, lets calls in flight finish within <see cref="SiloOptions.DrainTimeout"/>, writes state.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _stop.Value;

    private async Task StopOnceAsync()
    {
        if (_sockets is not null)
        {
            LogDraining(_logger, _gateway!.OpenConnections, _options.DrainTimeout.TotalSeconds);
        }

        await Task.WhenAll(new IAsyncDisposable?[] { _sockets, _webSockets }.Select(listener => listener?.DisposeAsync().AsTask() ?? Task.CompletedTask)).ConfigureAwait(false);
        if (_datagrams is not null)
        {
            await _datagrams.DisposeAsync().ConfigureAwait(false);
        }

        if (_dashboard is not null)
        {
            await _dashboard.DisposeAsync().ConfigureAwait(false);
        }

        if (_admin is not null)
        {
            await _admin.DisposeAsync().ConfigureAwait(false);
        }

        if (RateSharing is not null)
        {
            await RateSharing.DisposeAsync().ConfigureAwait(false);
        }

        if (_engine is not null)
        {
            await _engine.DisposeAsync().ConfigureAwait(false);
        }

        _gateway?.Dispose();
        _keys?.Dispose();
        if (_sockets is not null)
        {
            LogStopped(_logger);
        }

        _export?.Dispose();
        if (_audit is not null)
        {
            await _audit.DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>Takes over what may change while the silo runs: limits and rates, roles, who is let in, and how sessions are made; which silos are out.</summary>
    internal void Apply(SiloOptions options)
    {
        TakePeers(options);
        var gateway = options.Gateway with { Roles = RolesOf(options) };
        _admission.Apply(gateway);
        Started(_gateway).Apply(gateway, ToSessionOptions(options, Started(_keys)));
    }

    /// <summary>Awaits a listener's start; what keeps it from its address becomes one line that says so.</summary>
    internal static async Task ListenAsync(Task starting, IPEndPoint endPoint, string field)
    {
        try
        {
            await starting.ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            throw CannotListen(error, endPoint, field);
        }
    }

    private static T Listen<T>(IPEndPoint endPoint, string field, Func<IPEndPoint, T> start)
    {
        try
        {
            return start(endPoint);
        }
        catch (SocketException error)
        {
            throw CannotListen(error, endPoint, field);
        }
    }

    private static XtmpException CannotListen(Exception error, IPEndPoint endPoint, string field)
    {
        var reason = SocketErrorOf(error) switch
        {
            SocketError.AddressAlreadyInUse => "another program has this port",
            SocketError.AddressNotAvailable => $"{endPoint.Address} is not an address of this machine",
            SocketError.AccessDenied => "this user may not take this port; those below 1024 are for root",
            _ => error.Message,
        };
        return new XtmpException(XtmpErrorCode.ConnectFailed, Fault.Local, $"The silo cannot listen on {endPoint}: {reason}.", field, innerException: error);
    }

    private static SocketError SocketErrorOf(Exception? error) => error switch
    {
        null => SocketError.Success,
        SocketException socket => socket.SocketErrorCode,
        AddressInUseException => SocketError.AddressAlreadyInUse,
        _ => SocketErrorOf(error.InnerException),
    };

    private bool IsAllowed(Fingerprint client)
    {
        var allowed = _allowed;
        return allowed.Count == 0 || allowed.Contains(client);
    }

    private static T Started<T>(T? part)
        where T : class => part ?? throw new InvalidOperationException("The silo has not started.");

    private async Task EndWithAsync(GrainSilo grains)
    {
        var failure = await grains.Lost.ConfigureAwait(false);
        if (!_stop.IsValueCreated)
        {
            Failure = failure;
            LogLost(_logger, failure.Message);
            _lifetime.StopApplication();
        }
    }

    private async ValueTask<string?> WhyUnreadyAsync()
    {
        if (Failure is { } failure)
        {
            return failure.Message;
        }

        if (_stop.IsValueCreated)
        {
            return "draining";
        }

        try
        {
            await _engine!.CheckStoreAsync().ConfigureAwait(false);
            return null;
        }
        catch (XtmpException error)
        {
            return $"storage: {error.Message}";
        }
    }

    private IReadOnlyList<KeyPart> DescribeKeys(DateTimeOffset now)
    {
        var (from, until) = Tickets.PeriodAt(now);
        var identity = new FileInfo(Path.Combine(_options.DataDirectory, SiloKeys.IdentityFileName));
        var keys = new List<KeyPart>
        {
            new("Identity", identity.Exists ? identity.LastWriteTimeUtc : null, null, "pinned by clients"),
            new("Ticket key", from, until, "next in"),
            new("Session keys", null, null, $"renewed after {ValueText.Show(Started(_gateway).Options.SessionLimits.RekeyInterval).Trim('"')}"),
        };
        if (_keys?.Cluster?.Credentials.ServerCertificate is { } certificate)
        {
            keys.Add(new("Silo certificate", certificate.NotBefore, certificate.NotAfter, "ends in", KeyRotation.CertificateWarning.TotalSeconds));
        }

        return keys;
    }

    internal static void PrepareDirectory(string path, bool hasDatabase)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                // Identity and balances are in it. What exists keeps its mode, which is its owner's decision.
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            if (hasDatabase)
            {
                // Made here, so that it is its owner's alone; the journals beside it take its mode.
                PrivateFile.Open(Path.Combine(path, SiloEngine.DatabaseName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XtmpException(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The data directory '{path}' cannot be used: {error.Message}", innerException: error);
        }
    }

    /// <summary>Ledger nodes and notaries that the grains know have their roles; what the operator grants comes on top.</summary>
    private static Dictionary<Fingerprint, CallerRoles> RolesOf(SiloOptions options)
    {
        var roles = new Dictionary<Fingerprint, CallerRoles>(options.Gateway.Roles);
        foreach (var (_, node) in options.Grains.Nodes)
        {
            roles[node.Fingerprint] = roles.GetValueOrDefault(node.Fingerprint) | CallerRoles.Node;
        }

        foreach (var (_, notary) in options.Grains.Notaries)
        {
            roles[notary.Fingerprint] = roles.GetValueOrDefault(notary.Fingerprint) | CallerRoles.Notary;
        }

        return roles;
    }

    private void TakePeers(SiloOptions options)
    {
        _allowed = [.. options.AllowedClients];
        _withdrawn = [.. options.WithdrawnCertificates];
        _withdrawnSilos = [.. options.WithdrawnSilos];
    }

    private ITrustPolicy ClientTrust(IdentityPublicKey? root)
    {
        var listed = TrustPolicy.AnyOf(IsAllowed);
        return root is null ? listed : new CertifiedClients(listed, root, serial => _withdrawn.Contains(serial));
    }

    private ServerSessionOptions ToSessionOptions(SiloOptions options, SiloKeys keys) => new()
    {
        Identity = keys.Identity,
        Padding = options.Gateway.Padding,
        Limits = options.Gateway.SessionLimits,
        ClientAuthentication = options.ClientAuthentication,
        ClientTrust = options.ClientTrust ?? ClientTrust(options.ClientRoot),
        AllowAnonymousHello = options.Gateway.MaxUnaddressedHandshakes > 0,
        NextFingerprint = options.NextFingerprint,
        EncryptionTypes = options.EncryptionTypes,
        CompressFromBytes = options.EnableCompression ? CompressFromBytes : 0,
        TicketLifetime = options.TicketLifetime,
        TicketKeys = keys.Tickets,
        KeySharePool = keys.KeySharePool,
        CompressionBounds = new CompressionBounds(_methods.Methods.Select(method => method.Request)),
        Admission = _admission,
        TakesTraceContext = true,
        SchemaFingerprint = XtmpCatalogue.SchemaFingerprint.ToArray(),
        Schemas = [.. _handlers.Select(own => own.Schema)],
        EnableDatagrams = _datagrams is not null,
        DatagramEndpoint = _datagrams is null ? null : options.DatagramEndpoint ?? _datagrams.Announcement,
        RequireSameSchema = options.RequireSameSchemas,
    };

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "serving on {EndPoint}, fingerprint {Fingerprint}, network {Network}")]
    private static partial void LogServing(ILogger logger, string endPoint, string fingerprint, string network);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "draining: no new connections; {Connections} are open, their calls have {Seconds} s to finish")]
    private static partial void LogDraining(ILogger logger, int connections, double seconds);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Critical, Message = "{Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(EventId = 1040, Level = LogLevel.Error, Message = "the audit log cannot be written any more: {Reason}")]
    private static partial void LogAuditFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "stopped: calls are answered, state is written")]
    private static partial void LogStopped(ILogger logger);
}
