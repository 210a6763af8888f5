using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xtmp.Crypto;
using Xtmp.Gateway;
using Xtmp.Messages;
using Xtmp.Protocol;
using Xtmp.Runtime;
using Xtmp.Session;
using Xtmp.Transport;

namespace Xtmp.Silo;

/// <summary>
/// A running silo: engine, store, grains and the socket gateway. The process of <c>Xtmp.Silo</c> is one of these;
/// tests and programs that host handlers of their own make their own.
/// </summary>
public sealed class SiloHost : IAsyncDisposable
{
    private const int TransportBufferSize = 64 * 1024;

    // Beyond the drain, Kestrel gets this long to release its connections before it aborts them.
    private static readonly TimeSpan AbortMargin = TimeSpan.FromSeconds(1);

    private readonly WebApplication _application;
    private readonly SiloEngine _engine;
    private readonly SiloKeys _keys;
    private AdminPort? _admin;
    private int _stopped;

    private SiloHost(WebApplication application, SiloEngine engine, SiloKeys keys, IPEndPoint endPoint)
    {
        _application = application;
        _engine = engine;
        _keys = keys;
        EndPoint = endPoint;
        Network = engine.Network;
    }

    /// <summary>Where the socket gateway listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where health and metrics are; null where <see cref="SiloOptions.Admin"/> was.</summary>
    public IPEndPoint? AdminEndPoint => _admin?.EndPoint;

    /// <summary>What clients pin.</summary>
    public Fingerprint Fingerprint => _keys.Identity.Public.Fingerprint;

    /// <summary>The network whose signatures count here.</summary>
    public string Network { get; }

    /// <summary>Calls into the silo's own grains, without a session.</summary>
    public ICallInvoker Invoker => _engine.Invoker;

    /// <summary>Opens the store, starts the engine and listens.</summary>
    /// <param name="options">How the silo is put together.</param>
    /// <param name="loggerFactory">Where it logs; null: nowhere.</param>
    /// <param name="handlers">Message types and handlers beside the built-in ones.</param>
    /// <param name="cancellationToken">Gives the start up.</param>
    /// <exception cref="XtmpException">Local fault: the data directory, the identity or the database cannot be used.</exception>
    /// <exception cref="IOException">The port is taken or not allowed; the message says which.</exception>
    public static async Task<SiloHost> StartAsync(
        SiloOptions options, ILoggerFactory? loggerFactory = null, IEnumerable<SiloHandlers>? handlers = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        loggerFactory ??= NullLoggerFactory.Instance;
        if (options.Admin is { } admin && !IPAddress.IsLoopback(admin.Address))
        {
            throw new XtmpException(XtmpErrorCode.PayloadInvalid, Fault.Local, $"The admin port listens on a loopback address such as 127.0.0.1, not on {admin.Address}: it asks nobody who they are.", "admin");
        }

        var extra = handlers?.ToArray() ?? [];
        var methods = new MethodTable([.. XtmpCatalogue.Methods, .. extra.SelectMany(own => own.Methods)]);
        PrepareDirectory(options.DataDirectory, hasDatabase: options.Cluster is null);
        var keys = SiloKeys.Load(options);
        SiloEngine? engine = null;
        WebApplication? application = null;
        try
        {
            engine = await SiloEngine.StartAsync(options, keys, extra, loggerFactory, cancellationToken).ConfigureAwait(false);
            application = BuildApplication(options, loggerFactory, new SocketGateway(new GatewayServices
            {
                Methods = methods,
                Invoker = engine.Invoker,
                SessionOptions = ToSessionOptions(options, keys, methods),
                Clock = new SessionClock(options.TimeProvider),
                Logger = loggerFactory.CreateLogger("Xtmp.Gateway"),
                Options = options.Gateway with { Roles = RolesOf(options) },
            }));
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
            var host = new SiloHost(application, engine, keys, new IPEndPoint(options.Bind, BoundPort(application)));
            if (options.Admin is not null)
            {
                host._admin = await AdminPort.StartAsync(options.Admin, host.WhyUnreadyAsync, loggerFactory, cancellationToken).ConfigureAwait(false);
            }

            return host;
        }
        catch
        {
            if (application is not null)
            {
                await application.DisposeAsync().ConfigureAwait(false);
            }

            if (engine is not null)
            {
                await engine.DisposeAsync().ConfigureAwait(false);
            }

            keys.Dispose();
            throw;
        }
    }

    /// <summary>Drains: stops accepting, lets calls in flight finish within <see cref="SiloOptions.DrainTimeout"/>, writes state.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        if (_admin is not null)
        {
            await _admin.DisposeAsync().ConfigureAwait(false);
        }

        await _engine.DisposeAsync().ConfigureAwait(false);
        _keys.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async ValueTask<string?> WhyUnreadyAsync()
    {
        if (Volatile.Read(ref _stopped) != 0)
        {
            return "draining";
        }

        try
        {
            await _engine.CheckStoreAsync().ConfigureAwait(false);
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

    private static WebApplication BuildApplication(SiloOptions options, ILoggerFactory loggerFactory, SocketGateway gateway)
    {
        // An empty builder: no configuration files or variables of the surrounding program reach the silo's listener.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggerFactory);
        builder.Services.AddSingleton(gateway);
        builder.Services.AddSingleton<IHostLifetime, EmbeddedLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + AbortMargin);

        // What the transport keeps of a connection that is not read is outside of the memory budget: little.
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.MaxReadBufferSize = TransportBufferSize;
            sockets.MaxWriteBufferSize = TransportBufferSize;
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(options.Bind, options.Port, listen => listen.UseConnectionHandler<SocketGateway>()));
        return builder.Build();
    }

    private static int BoundPort(WebApplication application)
    {
        var addresses = application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        return new Uri(addresses.Single()).Port;
    }

    private static ServerSessionOptions ToSessionOptions(SiloOptions options, SiloKeys keys, MethodTable methods) => new()
    {
        Identity = keys.Identity,
        Limits = options.Gateway.SessionLimits,
        ClientAuthentication = options.ClientAuthentication,
        ClientTrust = options.ClientTrust ?? (options.AllowedClients.Count == 0 ? null : TrustPolicy.AnyOf(new HashSet<Fingerprint>(options.AllowedClients).Contains)),
        TicketLifetime = options.TicketLifetime,
        TicketKeys = keys.Tickets,
        KeySharePool = keys.KeySharePool,
        CompressionBounds = new CompressionBounds(methods.Methods.Select(method => method.Request)),
        Admission = new HandshakeAdmission(options.Gateway),
        SchemaFingerprint = XtmpCatalogue.SchemaFingerprint.ToArray(),
    };
}
