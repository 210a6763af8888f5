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
    private readonly SiloOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly SiloHandlers[] _handlers;
    private SiloKeys? _keys;
    private SiloEngine? _engine;
    private GatewayServices? _gateway;
    private DatagramGateway? _datagrams;
    private GatewayListener? _sockets;
    private GatewayListener? _webSockets;
    private AdminPort? _admin;
    private int _stopped;

    /// <param name="options">How the silo is put together; checked at the start.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <param name="handlers">Message types and handlers beside the built-in ones.</param>
    public XtmpSilo(IOptions<SiloOptions> options, ILoggerFactory loggers, IEnumerable<SiloHandlers> handlers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options.Value;
        _loggers = loggers;
        _logger = loggers.CreateLogger("Xtmp.Silo");
        _handlers = [.. handlers];
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

    /// <summary>In a cluster: the rates of callers over all silos.</summary>
    internal RateSharing? RateSharing { get; private set; }

    /// <summary>Opens the store, starts the engine and listens.</summary>
    /// <exception cref="XtmpException">Local fault: an option, the data directory, the identity, the database or a port cannot be used; the message says which.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        SiloOptionsValidator.ThrowIfInvalid(_options);
        SchemaInfo[] schemas = [.. _handlers.Select(own => own.Schema)];
        var methods = new MethodTable([XtmpCatalogue.Schema, BitChat.Messages.BitchatCatalogue.Schema, .. schemas]);
        PrepareDirectory(_options.DataDirectory, hasDatabase: _options.Cluster is null);
        try
        {
            _keys = SiloKeys.Load(_options);
            _engine = await SiloEngine.StartAsync(_options, _keys, _handlers, _loggers, cancellationToken).ConfigureAwait(false);
            _datagrams = _options.Datagrams ? StartDatagrams(new IPEndPoint(_options.Bind, _options.Port)) : null;
            _gateway = new GatewayServices
            {
                Datagrams = _datagrams,
                Methods = methods,
                Invoker = _engine.Invoker,
                SessionOptions = ToSessionOptions(_options, _keys, methods, schemas) with { EnableDatagrams = _datagrams is not null, DatagramEndpoint = _datagrams is null ? null : _options.DatagramEndpoint ?? _datagrams.Announcement },
                Clock = new SessionClock(_options.TimeProvider),
                Logger = new EventLogger(_loggers.CreateLogger("Xtmp.Gateway"), _engine.Topics, _options.TimeProvider),
                Options = _options.Gateway with { Roles = RolesOf(_options) },
            };
            _sockets = await GatewayListener.StartAsync(_options, new SocketGateway(_gateway), _loggers, cancellationToken).ConfigureAwait(false);
            if (_options.WebSocket is { } webSocket)
            {
                _webSockets = await GatewayListener.StartAsync(webSocket, _options, new WebSocketGateway(_gateway), _loggers, cancellationToken).ConfigureAwait(false);
            }

            RateSharing = _options.Cluster is null ? null : new RateSharing(_gateway, _engine.Topics, _options.TimeProvider);
            if (_options.Admin is { } admin)
            {
                _admin = await AdminPort.StartAsync(admin, WhyUnreadyAsync, _gateway.FindSessions, _loggers, cancellationToken).ConfigureAwait(false);
            }

            LogServing(_logger, EndPoint.ToString(), Fingerprint.ToString(), Network);
        }
        catch
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Drains: stops accepting, lets calls in flight finish within <see cref="SiloOptions.DrainTimeout"/>, writes state.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        if (_sockets is not null)
        {
            LogDraining(_logger, _gateway!.OpenConnections, _options.DrainTimeout.TotalSeconds);
        }

        await Task.WhenAll(new[] { _sockets, _webSockets }.Select(listener => listener?.DisposeAsync().AsTask() ?? Task.CompletedTask)).ConfigureAwait(false);
        if (_datagrams is not null)
        {
            await _datagrams.DisposeAsync().ConfigureAwait(false);
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
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

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

    private static DatagramGateway StartDatagrams(IPEndPoint endPoint)
    {
        try
        {
            return DatagramGateway.Start(endPoint);
        }
        catch (SocketException error)
        {
            throw CannotListen(error, endPoint, "datagrams");
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

    private static T Started<T>(T? part)
        where T : class => part ?? throw new InvalidOperationException("The silo has not started.");

    private async ValueTask<string?> WhyUnreadyAsync()
    {
        if (Volatile.Read(ref _stopped) != 0)
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

    private static void PrepareDirectory(string path, bool hasDatabase)
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

    private static ServerSessionOptions ToSessionOptions(SiloOptions options, SiloKeys keys, MethodTable methods, SchemaInfo[] schemas) => new()
    {
        Identity = keys.Identity,
        Padding = options.Gateway.Padding,
        Limits = options.Gateway.SessionLimits,
        ClientAuthentication = options.ClientAuthentication,
        ClientTrust = options.ClientTrust ?? (options.AllowedClients.Count == 0 ? null : TrustPolicy.AnyOf(new HashSet<Fingerprint>(options.AllowedClients).Contains)),
        TicketLifetime = options.TicketLifetime,
        TicketKeys = keys.Tickets,
        KeySharePool = keys.KeySharePool,
        CompressionBounds = new CompressionBounds(methods.Methods.Select(method => method.Request)),
        Admission = new HandshakeAdmission(options.Gateway),
        TakesTraceContext = true,
        SchemaFingerprint = XtmpCatalogue.SchemaFingerprint.ToArray(),
        Schemas = schemas,
        RequireSameSchema = options.RequireSameSchemas,
    };

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "serving on {EndPoint}, fingerprint {Fingerprint}, network {Network}")]
    private static partial void LogServing(ILogger logger, string endPoint, string fingerprint, string network);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "draining: no new connections; {Connections} are open, their calls have {Seconds} s to finish")]
    private static partial void LogDraining(ILogger logger, int connections, double seconds);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "stopped: calls are answered, state is written")]
    private static partial void LogStopped(ILogger logger);
}
